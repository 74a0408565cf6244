//! Working time: opening hours, French public holidays, closed periods.

mod calendar;
mod holidays;

pub use self::calendar::{Calendar, in_words};

use std::time::Duration;

use jiff::Timestamp;

/// How long a ticket has waited on its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Since when.
    pub since: Timestamp,
    /// The working time since then.
    pub waited: Duration,
    /// The working time after which the rule strikes, by the ticket's urgency.
    pub delay: Duration,
}
