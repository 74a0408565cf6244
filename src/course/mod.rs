//! What became of a ticket over time: who had it, when it was pending, and whether it waits, or waited, for its
//! requester.
//!
//! | file | what it does |
//! |---|---|
//! | `past` | what is known of a ticket's time, as values |
//! | `question` | whether a text asks its reader for something, and whether GLPI's reason says so |
//! | `charges` | who took it in charge, and when |
//! | `waits` | the times at which a ticket waited for its requester |
//! | `reading` | the same of many tickets at once, read from GLPI in few calls and remembered |

mod charges;
mod past;
mod question;
mod reading;
mod waits;

pub use self::{
    charges::{Charge, charges},
    past::{Past, Requesters, Speaker, Utterance},
    question::{asks, waits_for_requester},
    reading::Pasts,
    waits::{Waits, waits},
};
