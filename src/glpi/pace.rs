//! How many calls that make tickets run side by side, and how many tickets each makes: as GLPI shows what it can do.
//!
//! A call that fails or takes long halves the next ones. Two calls run side by side at first, more where more tickets
//! come out of them, and fewer where as many do: GLPI's people have the rest of its machine. Both are tried again now and
//! then, since GLPI's load changes. A few tickets, of which each can have a call of its own, never wait for that.

use std::time::{Duration, Instant};

/// Calls side by side at first: what any machine of a GLPI can do.
const AT_FIRST: usize = 2;
/// After so many calls of several tickets another number of calls side by side is tried, for so many rounds. Each try that
/// changes nothing makes the next one come later, up to so many.
const FIRST_TRIED_AFTER: u32 = 16;
const LAST_TRIED_AFTER: u32 = 512;
const ROUNDS_TRIED: usize = 4;
/// One more call side by side must bring so much more.
const WORTH_IT: f64 = 1.1;
/// A try ends at once when one of its calls, and as many beside it, would make less than this share of what is known.
const HOPELESS: f64 = 0.8;

/// What is allowed, and what is done of it.
pub(super) struct Pace {
    most_calls: usize,
    most_together: usize,
    /// A call that takes longer makes the next ones smaller.
    long: Duration,
    calls: usize,
    together: usize,
    /// What came of as many calls side by side as there are now.
    now: Stretch,
    trial: Option<Trial>,
    tried_after: u32,
    /// Whether one more is tried next, or one fewer.
    tries_more: bool,
}

/// Another number of calls side by side is tried.
#[derive(Clone, Copy)]
struct Trial {
    began: Instant,
    /// The number before, and its tickets a second.
    before: usize,
    known: f64,
}

/// A time in which GLPI had something to make without a pause.
#[derive(Default)]
struct Stretch {
    /// When its first call ended, and the last one so far: that first one, and what ended with it, had begun before.
    ended: Option<(Instant, Instant)>,
    /// Calls and tickets after that.
    calls: u32,
    tickets: u32,
}

impl Stretch {
    fn add(&mut self, tickets: usize, took: Duration, end: Instant) {
        match &mut self.ended {
            // Behind a pause, it begins anew.
            Some((first, last)) if end.saturating_duration_since(*last) <= took * 2 => {
                if end.saturating_duration_since(*first) < took / 8 {
                    return;
                }
                *last = end;
                self.calls += 1;
                self.tickets += u32::try_from(tickets).unwrap_or(u32::MAX);
            }
            ended => {
                *ended = Some((end, end));
                (self.calls, self.tickets) = (0, 0);
            }
        }
    }

    /// Tickets a second.
    fn rate(&self) -> f64 {
        let took = self.ended.map_or(Duration::ZERO, |(first, last)| last.saturating_duration_since(first));
        f64::from(self.tickets) / took.as_secs_f64().max(1e-3)
    }
}

impl Pace {
    /// Begins with the most tickets in a call that are allowed. `timeout` is that of one call.
    pub(super) fn new(most_calls: usize, most_together: usize, timeout: Duration) -> Self {
        let (most_calls, most_together) = (most_calls.max(1), most_together.max(1));
        Self {
            most_calls,
            most_together,
            long: timeout / 4,
            calls: most_calls.min(AT_FIRST),
            together: most_together,
            now: Stretch::default(),
            trial: None,
            tried_after: FIRST_TRIED_AFTER,
            tries_more: true,
        }
    }

    /// How many calls there may be side by side.
    pub(super) fn calls(&self) -> usize {
        self.calls
    }

    /// How many there may be while tickets are few.
    pub(super) fn most_calls(&self) -> usize {
        self.most_calls
    }

    /// How many tickets one call may make.
    pub(super) fn together(&self) -> usize {
        self.together
    }

    /// GLPI has made so many tickets in one call, in so much time, or failed, at this moment.
    pub(super) fn settled(&mut self, tickets: usize, took: Duration, is_ok: bool, end: Instant) {
        if !is_ok || took > self.long {
            self.together = (self.together / 2).max(1);
        } else if tickets >= self.together {
            self.together = (self.together + 1).min(self.most_together);
        }
        // A ticket alone says nothing of a load.
        if !is_ok || tickets < 2 {
            return;
        }
        self.now.add(tickets, took, end);
        match self.trial {
            None if self.now.calls >= self.tried_after => self.try_another(end),
            Some(trial) if self.is_hopeless(trial, tickets, took, end) => self.end_trial(trial, false),
            Some(trial) if self.now.calls as usize >= ROUNDS_TRIED * self.calls => {
                let rate = self.now.rate();
                let is_more = self.calls > trial.before;
                let stays = if is_more { rate > trial.known * WORTH_IT } else { trial.known <= rate * WORTH_IT };
                self.end_trial(trial, stays);
            }
            None | Some(_) => {}
        }
    }

    fn try_another(&mut self, now: Instant) {
        let other = if self.tries_more { self.calls + 1 } else { self.calls - 1 };
        self.tries_more = !self.tries_more;
        let known = std::mem::take(&mut self.now).rate();
        if (1..=self.most_calls).contains(&other) {
            self.trial = Some(Trial { began: now, before: self.calls, known });
            self.calls = other;
        }
    }

    /// Whether a call that began after the trial did shows already that it comes to nothing.
    fn is_hopeless(&self, trial: Trial, tickets: usize, took: Duration, end: Instant) -> bool {
        let Ok(calls) = u32::try_from(self.calls * tickets) else { return false };
        let at_best = f64::from(calls) / took.as_secs_f64().max(1e-3);
        end.saturating_duration_since(trial.began) >= took && at_best < trial.known * HOPELESS
    }

    fn end_trial(&mut self, trial: Trial, stays: bool) {
        (self.trial, self.now) = (None, Stretch::default());
        if stays {
            // The next one in the same direction, soon.
            self.tries_more = self.calls > trial.before;
            self.tried_after = FIRST_TRIED_AFTER;
        } else {
            self.calls = trial.before;
            self.tried_after = (self.tried_after * 2).min(LAST_TRIED_AFTER);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Pace;

    const TIMEOUT: Duration = Duration::from_secs(30);

    /// A GLPI on so many cores: each ticket takes 20 ms of one.
    fn work(pace: &mut Pace, now: &mut Instant, cores: usize, calls: usize) {
        let mut done = 0;
        while done < calls {
            let (side_by_side, tickets) = (pace.calls(), pace.together());
            let took = Duration::from_millis(20) * u32::try_from(tickets * side_by_side.max(cores)).unwrap_or(u32::MAX);
            let took = took / u32::try_from(cores).unwrap_or(1);
            *now += took;
            for _ in 0..side_by_side {
                pace.settled(tickets, took, true, *now);
            }
            done += side_by_side;
        }
    }

    #[test]
    fn no_more_calls_run_side_by_side_than_bring_something() {
        for (cores, expected) in [(1, 1..=1), (2, 2..=2), (4, 4..=4), (8, 8..=8)] {
            let (mut pace, mut now) = (Pace::new(8, 25, TIMEOUT), Instant::now());
            work(&mut pace, &mut now, cores, 2000);
            // One more or less is tried now and then.
            let calls = pace.trial.map_or(pace.calls(), |trial| trial.before);
            assert!(expected.contains(&calls), "{calls} for {cores} cores");
        }
    }

    #[test]
    fn a_glpi_that_is_relieved_gets_more_again() {
        let (mut pace, mut now) = (Pace::new(8, 25, TIMEOUT), Instant::now());
        work(&mut pace, &mut now, 1, 500);
        assert!(pace.calls() <= 2, "{}", pace.calls());
        work(&mut pace, &mut now, 8, 4000);
        assert!(pace.calls() >= 7, "{}", pace.calls());
    }

    #[test]
    fn one_call_shows_that_fewer_make_less() {
        let (mut pace, mut now) = (Pace::new(2, 25, TIMEOUT), Instant::now());
        let mut fewer = 0;
        for _ in 0..200 {
            let calls = pace.calls();
            fewer += usize::from(calls == 1);
            work(&mut pace, &mut now, 2, calls);
        }
        assert!((1..=4).contains(&fewer), "{fewer} rounds of a single call");
    }

    #[test]
    fn a_pause_says_nothing_of_what_glpi_can_do() {
        let (mut pace, mut now) = (Pace::new(8, 25, TIMEOUT), Instant::now());
        for _ in 0..500 {
            now += Duration::from_mins(1);
            pace.settled(5, Duration::from_millis(100), true, now);
        }
        assert_eq!(pace.calls(), 2);
    }

    #[test]
    fn calls_become_smaller_where_glpi_fails_or_is_slow_and_grow_again() {
        let (mut pace, now) = (Pace::new(4, 24, TIMEOUT), Instant::now());
        pace.settled(24, Duration::from_secs(1), false, now);
        assert_eq!(pace.together(), 12);
        pace.settled(12, Duration::from_secs(8), true, now);
        assert_eq!(pace.together(), 6);
        for _ in 0..40 {
            pace.settled(pace.together(), Duration::from_millis(100), true, now);
        }
        assert_eq!(pace.together(), 24);
        for _ in 0..10 {
            pace.settled(pace.together(), Duration::from_secs(1), false, now);
        }
        assert_eq!(pace.together(), 1);
    }
}
