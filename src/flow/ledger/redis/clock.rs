//! Whether Redis's clock goes on as this machine's does: by how long its scripts say that it remembers, they are believed.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// By so much a clock that is set right a little at a time may be off from one reading to the next.
const TOLERANCE: Duration = Duration::from_secs(1);

/// What Redis's clock said last.
#[derive(Debug, Default)]
pub(super) struct ServerClock(Mutex<Option<Reading>>);

/// What it said, milliseconds, at some moment between these.
#[derive(Clone, Copy, Debug)]
struct Reading {
    says: u64,
    asked: Instant,
    answered: Instant,
}

impl ServerClock {
    /// Whether it has jumped since it was read last: it says this to who asked at that moment and is answered now.
    pub(super) fn has_jumped(&self, says: u64, asked: Instant, answered: Instant) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = known.replace(Reading { says, asked, answered }) else { return false };
        // Who asked first may be answered last.
        let least = asked.saturating_duration_since(before.answered);
        let most = answered.saturating_duration_since(before.asked);
        let gone = i128::from(says) - i128::from(before.says);
        let bounds = |time: Duration| i128::try_from(time.as_millis()).unwrap_or(i128::MAX);
        let back = bounds(before.answered.saturating_duration_since(asked));
        gone < bounds(least) - back - bounds(TOLERANCE) || gone > bounds(most) + bounds(TOLERANCE)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;
    use tokio::time::Instant;

    use super::ServerClock;

    /// After ten seconds, at the second reading, which took one: what the clock says then, beyond what it said.
    #[rstest]
    #[case::as_it_should(10_400, false)]
    #[case::at_the_end_of_the_call(11_000, false)]
    #[case::a_little_slow(9_100, false)]
    #[case::a_little_fast(11_900, false)]
    #[case::seconds_ahead(15_000, true)]
    #[case::seconds_back(5_000, true)]
    #[case::an_hour_ahead(3_610_000, true)]
    #[case::an_hour_back(-3_590_000, true)]
    fn a_jump_is_seen_and_a_slow_answer_is_none(#[case] gone: i64, #[case] expected: bool) {
        let (clock, start, first) = (ServerClock::default(), Instant::now(), 1_000_000_000_u64);
        let after = |millis| start + Duration::from_millis(millis);
        assert!(!clock.has_jumped(first, start, start), "nothing is known before the first");
        let says = first.checked_add_signed(gone).unwrap();
        assert_eq!(clock.has_jumped(says, after(10_000), after(11_000)), expected);
        // From then on it counts as it is.
        let next = says + 1000;
        assert!(!clock.has_jumped(next, after(12_000), after(12_000)));
    }

    #[test]
    fn answers_that_overtake_each_other_are_no_jump() {
        let (clock, start) = (ServerClock::default(), Instant::now());
        let after = |millis| start + Duration::from_millis(millis);
        assert!(!clock.has_jumped(50_000, after(0), after(3_000)));
        assert!(!clock.has_jumped(49_000, after(100), after(3_001)));
        assert!(!clock.has_jumped(51_500, after(200), after(3_002)));
    }
}
