//! Escalation: who a ticket goes to next, when, and how it gets there.
//!
//! Pure, values in and values out:
//!
//! - [`Levels`]: on which level of its application a ticket is, where up and down lead;
//! - [`judge`]: the rules in time, what is due for a ticket nobody has taken in charge;
//! - [`steps`]: what must still be done in GLPI until a ticket is with its new group;
//! - [`crate::lifecycle::note::Note`], [`crate::request::Command`]: what the gateway writes into tickets and reads there.
//!
//! [`Escalator`] does it: it reads tickets, takes the steps, finishes what was interrupted, obeys commands (`followup_commands`)
//! and the rules (`enforcement`).

mod applications;
mod delays;
mod enforcement;
mod error;
mod escalator;
mod followup_commands;
mod levels;
mod plan;
mod sift;
mod ticket_snapshot;

pub use applications::{AllLevels, ApplicationLevels};
pub use delays::{DelayVerdict, Delays, Facts, judge};
pub use enforcement::Evaluation;
pub use error::EscalateError;
pub use escalator::{Escalator, Moved, Order};
pub use levels::{Immovable, Levels, Move};
pub use plan::{Step, UserRow, steps};

/// Says what the counters of escalation count.
pub fn describe_metrics() {
    escalator::describe_metrics();
    enforcement::describe_metrics();
    followup_commands::describe_metrics();
}
