//! How far back GLPI is to be searched.

use jiff::{SignedDuration, Timestamp};

/// Clocks differ, and a mail's dates are made by other machines: what happened this close to the moment a
/// memory began is checked against GLPI too.
pub(super) const CLOCK_MARGIN: SignedDuration = SignedDuration::from_secs(120);
/// GLPI is never searched further back than this: a relay's queue needs days, a mailbox may keep a message longer.
const LONGEST_SEARCH_HOURS: i64 = 400 * 24;

/// How many hours back GLPI must be searched to reach `since`, a margin for clocks included. GLPI counts hours of its
/// local time, of which one may be missing.
pub(super) fn hours_since(since: Timestamp) -> u32 {
    let age = Timestamp::now().duration_since(since - CLOCK_MARGIN).as_hours() + 2;
    u32::try_from(age.clamp(2, LONGEST_SEARCH_HOURS)).unwrap_or(2)
}
