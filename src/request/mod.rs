//! What a request is when it comes in, and how it can end.
//!
//! Intake makes a [`Received`]. The later stages are types of their makers: only [`crate::screen`] makes a
//! [`crate::screen::Screened`], only [`crate::route`] a [`crate::route::Routed`], only [`crate::deliver`] a
//! [`crate::deliver::Delivered`]. Every request ends in exactly one [`Outcome`].

mod address;
mod outcome;
mod received;
mod reference;
mod school;

pub use address::Address;
pub use outcome::{Addition, Decided, Decision, Deferral, Outcome, Reason, Receipt, Refusal};
pub use received::{
    Attachment, Body, Channel, Enclosed, FormFields, LeftOut, Mail, Origin, Part, Person, Received, TicketKind,
    is_forward, is_reply,
};
pub use reference::{DayMark, Fingerprint, Reference};
pub use school::{School, department_number, department_of, is_uai};
