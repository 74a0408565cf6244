//! Escalation: who a ticket goes to next, when, and how it gets there.
//!
//! Pure, all of it values in and values out:
//!
//! - [`Levels`]: on which level of its application a ticket is, where up and down lead;
//! - [`Calendar`]: working time, French public holidays and closed periods;
//! - [`judge`]: the rules in time, what is due for a ticket nobody has taken in charge;
//! - [`steps`]: what must still be done in GLPI until a ticket is with its new group.

mod calendar;
mod holidays;
mod levels;
mod plan;
mod rules;

pub use calendar::{Calendar, in_words};
pub use levels::{Immovable, Levels, Move};
pub use plan::{GroupRow, Role, Step, UserRow, steps};
pub use rules::{Delays, Facts, Verdict, Wait, judge};
