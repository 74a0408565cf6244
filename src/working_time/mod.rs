//! Working time: opening hours, French public holidays, closed periods.

mod calendar;
mod holidays;

pub use self::calendar::{Calendar, in_words};
