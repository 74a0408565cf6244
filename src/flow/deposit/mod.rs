//! The deposit while GLPI cannot answer: a form goes, sealed, as a mail to the academy's own relay or into its mailbox,
//! which keeps it and brings it back again and again until it has its ticket.
//!
//! The gateway keeps nothing: [`Deposits::hand_over`] makes the mail (`record` is what it says, `seal` what proves that),
//! [`Deposits::open`] reads it again, whatever way it came. What is not exactly as it was sealed is opened for nobody.

mod deposits;
mod record;
mod seal;

pub use self::{
    deposits::{Deposits, IntoMailbox, NotQueued},
    record::{Returned, Unopened},
};
