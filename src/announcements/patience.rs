//! For how long the relay is asked: whom it puts off is given up after a day of tries. A time at which nobody tried is
//! none of it: before a second person confirmed, while no gateway ran, while a batch was in doubt.

use std::{cmp::Reverse, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::journal::{Journal, RelayWait, Standing};

/// Whom the relay puts off for so long is given up.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Between two tries of one row lies no more than this, however short the pauses are.
const SHORTEST_GAP: SignedDuration = SignedDuration::from_hours(2);
/// What lies between two tries is so many times the longest pause at most: a gateway has other things to do.
const SLACK: i32 = 2;
/// That the relay still takes nothing is written down so many times in the longest gap.
const NOTED: i32 = 4;

/// For how long the relay is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Two tries that lie further apart are of two rows.
    gap: SignedDuration,
}

impl Patience {
    /// Where tries are never further apart than this pause.
    pub(super) fn of(longest_pause: Duration) -> Self {
        let pause = SignedDuration::try_from(longest_pause).unwrap_or(SignedDuration::MAX);
        Self { gap: pause.checked_mul(SLACK).unwrap_or(SignedDuration::MAX).max(SHORTEST_GAP) }
    }

    /// Whether the relay, which takes mails, has put off what is left of this batch for a day.
    pub(super) fn is_over(self, journal: &Journal, standing: &Standing, now: Timestamp) -> bool {
        self.is_long_ago(standing.first, journal, now)
    }

    /// Whether the relay, which takes no mail at all, has not for a day.
    pub(super) fn is_over_without_relay(self, journal: &Journal, standing: &Standing, now: Timestamp) -> bool {
        let waits = journal.mailing.waits.map(|waits| waits.since);
        self.is_long_ago(standing.first.into_iter().chain(waits).min(), journal, now)
    }

    /// What is to be written down when the relay takes nothing; `None` where that is known well enough.
    pub(super) fn noted(self, waits: Option<RelayWait>, now: Timestamp) -> Option<RelayWait> {
        let Some(waits) = waits else { return Some(RelayWait { since: now, last: now }) };
        let since_last = now.duration_since(waits.last);
        if since_last > self.gap {
            Some(RelayWait { since: now, last: now })
        } else {
            (since_last > self.gap / NOTED).then_some(RelayWait { last: now, ..waits })
        }
    }

    fn is_long_ago(self, first: Option<Timestamp>, journal: &Journal, now: Timestamp) -> bool {
        first.is_some_and(|first| now.duration_since(first.max(self.row_began(journal, now))) > DAY)
    }

    /// When the row of tries of this mailing began that goes on at this moment.
    fn row_began(self, journal: &Journal, now: Timestamp) -> Timestamp {
        let departures = journal.departures.values().map(|(_, departure)| (departure.at, departure.at));
        let mut tries: Vec<(Timestamp, Timestamp)> =
            departures.chain(journal.mailing.waits.map(|waits| (waits.since, waits.last))).collect();
        tries.sort_by_key(|(_, last)| Reverse(*last));
        let mut began = now;
        for (first, last) in tries {
            if began.duration_since(last) > self.gap {
                break;
            }
            began = began.min(first);
        }
        began
    }
}
