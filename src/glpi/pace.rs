//! How many calls that make tickets run side by side, and how many tickets each makes: as GLPI shows what it can do.
//!
//! A call that fails or takes long halves the next ones. Where as many tickets come out of fewer calls side by side,
//! there are fewer: GLPI's people have the rest of its machine. Both are tried again now and then, since GLPI's load
//! changes.

use std::time::Duration;

/// After so many calls of several tickets another number of calls side by side is tried, for so many.
const TRIED_AFTER: u32 = 24;
const TRIED_FOR: u32 = 6;
/// One more call side by side must bring so much more.
const WORTH_IT: f64 = 1.05;
/// How much the newest call counts in the average of its kind.
const NEWEST: f64 = 0.3;

/// What is allowed, and what is done of it.
pub(super) struct Pace {
    most_calls: usize,
    most_together: usize,
    /// A call that takes longer makes the next ones smaller.
    long: Duration,
    calls: usize,
    together: usize,
    /// Tickets a second with so many calls side by side; 0 where that is not known.
    rates: Vec<f64>,
    /// Calls of several tickets since the number of calls side by side was changed.
    since: u32,
    /// While another number is tried: the one before.
    before: Option<usize>,
    /// Whether one more is tried next, or one fewer.
    tries_more: bool,
}

impl Pace {
    /// Begins with all that is allowed. `timeout` is that of one call.
    pub(super) fn new(most_calls: usize, most_together: usize, timeout: Duration) -> Self {
        let (most_calls, most_together) = (most_calls.max(1), most_together.max(1));
        Self {
            most_calls,
            most_together,
            long: timeout / 4,
            calls: most_calls,
            together: most_together,
            rates: vec![0.0; most_calls + 1],
            since: 0,
            before: None,
            tries_more: false,
        }
    }

    /// How many calls there may be side by side.
    pub(super) fn calls(&self) -> usize {
        self.calls
    }

    /// How many tickets one call may make.
    pub(super) fn together(&self) -> usize {
        self.together
    }

    /// GLPI has made so many tickets in one call, in so much time, or failed.
    pub(super) fn settled(&mut self, tickets: usize, took: Duration, is_ok: bool) {
        if !is_ok || took > self.long {
            self.together = (self.together / 2).max(1);
        } else if tickets >= self.together {
            self.together = (self.together + 1).min(self.most_together);
        }
        // A ticket alone says nothing of a load.
        if !is_ok || tickets < 2 {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a few hundred at most")]
        let rate = (self.calls * tickets) as f64 / took.as_secs_f64().max(1e-6);
        let known = &mut self.rates[self.calls];
        *known = if *known > 0.0 { *known + NEWEST * (rate - *known) } else { rate };
        self.since += 1;
        match self.before {
            None if self.since >= TRIED_AFTER => self.try_another(),
            Some(before) if self.since >= TRIED_FOR => self.decide(before),
            None | Some(_) => {}
        }
    }

    fn try_another(&mut self) {
        let other = if self.tries_more { self.calls + 1 } else { self.calls - 1 };
        self.tries_more = !self.tries_more;
        self.since = 0;
        if (1..=self.most_calls).contains(&other) {
            self.before = Some(self.calls);
            self.calls = other;
            self.rates[other] = 0.0;
        }
    }

    fn decide(&mut self, before: usize) {
        let (fewer, more) = (self.calls.min(before), self.calls.max(before));
        self.calls = if self.rates[more] > self.rates[fewer] * WORTH_IT { more } else { fewer };
        (self.before, self.since) = (None, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Pace;

    const TIMEOUT: Duration = Duration::from_secs(30);

    /// A GLPI on so many cores: each ticket takes 20 ms of one.
    fn work(pace: &mut Pace, cores: usize, calls: u32) {
        for _ in 0..calls {
            let tickets = pace.together();
            let took = Duration::from_millis(20) * u32::try_from(tickets * pace.calls().max(cores)).unwrap_or(u32::MAX);
            pace.settled(tickets, took / u32::try_from(cores).unwrap_or(1), true);
        }
    }

    #[test]
    fn no_more_calls_run_side_by_side_than_bring_something() {
        let mut pace = Pace::new(8, 25, TIMEOUT);
        work(&mut pace, 2, 2000);
        assert!((2..=4).contains(&pace.calls()), "{}", pace.calls());
        let mut pace = Pace::new(8, 25, TIMEOUT);
        work(&mut pace, 8, 2000);
        assert!((7..=8).contains(&pace.calls()), "{}", pace.calls());
    }

    #[test]
    fn a_glpi_that_is_relieved_gets_more_again() {
        let mut pace = Pace::new(8, 25, TIMEOUT);
        work(&mut pace, 1, 2000);
        assert!(pace.calls() <= 2, "{}", pace.calls());
        work(&mut pace, 8, 4000);
        assert!(pace.calls() >= 7, "{}", pace.calls());
    }

    #[test]
    fn calls_become_smaller_where_glpi_fails_or_is_slow_and_grow_again() {
        let mut pace = Pace::new(4, 24, TIMEOUT);
        pace.settled(24, Duration::from_secs(1), false);
        assert_eq!(pace.together(), 12);
        pace.settled(12, Duration::from_secs(8), true);
        assert_eq!(pace.together(), 6);
        for _ in 0..40 {
            pace.settled(pace.together(), Duration::from_millis(100), true);
        }
        assert_eq!(pace.together(), 24);
        for _ in 0..10 {
            pace.settled(pace.together(), Duration::from_secs(1), false);
        }
        assert_eq!(pace.together(), 1);
    }
}
