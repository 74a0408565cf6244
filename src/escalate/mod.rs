//! Escalation: who a ticket goes to next, when, and how it gets there.

mod calendar;
mod holidays;

pub use calendar::{Calendar, in_words};
