//! What a memory is worth: from when on it knows everything, and until when something may be under way of which it does
//! not know.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{ASK_EVERY, Ledger, WAIT_FOR_UNKNOWN, memory::MEMORY, reach::CLOCK_MARGIN, redis::Redis};

/// What a memory is worth.
pub(super) struct Belief {
    /// It knows all that was begun after this; `None`: nothing is certain.
    pub(super) complete_since: Option<Timestamp>,
    /// Until when something may be under way of which it does not know.
    pub(super) in_doubt_until: Instant,
}

impl Belief {
    /// Whether it knows of every copy there can be since then. It also forgets.
    pub(super) fn covers(&self, copies_since: Timestamp) -> bool {
        let forgotten = Timestamp::now() - MEMORY;
        self.complete_since.is_some_and(|since| copies_since >= since.max(forgotten) + CLOCK_MARGIN)
    }

    /// Whether a request of which no copy can have come before that is not among what is under way unknown. A date of
    /// whole seconds is never too late.
    pub(super) fn began_before(&self, copies_since: Timestamp) -> bool {
        self.complete_since.is_some_and(|since| copies_since >= since)
    }
}

impl Ledger {
    /// What this process's memory is worth where it is the only one.
    pub(super) fn own_belief(&self) -> Belief {
        Belief { complete_since: Some(self.began), in_doubt_until: self.in_doubt_until }
    }

    /// What is believed while Redis is away: nothing. Of two instances that are asked for the same request, one goes
    /// on and the other waits for it to end; and what one had claimed before Redis went, it goes on with.
    pub(super) fn belief_without_redis(&self, redis: &Redis, asked: Instant) -> Belief {
        // The other one may be about to begin: twice the time.
        let time = self.give_up.min(self.aftermath * 2);
        let wait = if redis.goes_first() { Duration::ZERO } else { time + redis.share_of(self.aftermath) };
        // A caller that asks again waits anew, so the end must be within reach.
        let asked = asked + wait.min(WAIT_FOR_UNKNOWN.saturating_sub(ASK_EVERY));
        let lost = redis.last_heard().map_or(asked, |heard| heard + time);
        Belief { complete_since: None, in_doubt_until: self.in_doubt_until.max(asked).max(lost) }
    }
}
