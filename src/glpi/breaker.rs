//! A circuit breaker: after failures in a row, calls fail at once for a while, then one call probes.
//!
//! The `failsafe` crate was looked at: once its pause is over it lets every waiting call through,
//! which is a burst on a server that has just come back.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::{GlpiError, Underlying};

/// Whether GLPI answered the last call: 1 it did, whatever it said; 0 it did not.
const UP: &str = "passerelle_glpi_up";

pub(super) struct Breaker {
    threshold: u32,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    /// Set while open; once it has passed, the next call is the probe.
    paused_until: Option<Instant>,
    probing: bool,
    /// The failure that came last.
    last: Option<Underlying>,
}

/// Permission for one call. Dropped without [`Pass::settle`] (the call was abandoned), it says
/// nothing about the server.
pub(super) struct Pass<'a> {
    breaker: &'a Breaker,
    probe: bool,
}

impl Breaker {
    /// Opens after `threshold` failures in a row (0: never), for `pause` each time.
    pub(super) fn new(threshold: u32, pause: Duration) -> Self {
        metrics::describe_gauge!(UP, "Whether GLPI answered the last call: 1 or 0.");
        Self { threshold, pause, state: Mutex::default() }
    }

    /// Keeps what a call failed for: those that are held back then are told.
    pub(super) fn note(&self, error: &GlpiError) {
        if let GlpiError::Unavailable { why, source, .. } | GlpiError::AnswerLost { why, source, .. } = error {
            self.lock().last = Some(Underlying::before(*why, source.as_ref()));
        }
    }

    /// What the last call that failed failed for.
    pub(super) fn last(&self) -> Option<Underlying> {
        self.lock().last.clone()
    }

    /// Lets a call through, or says how long calls are held back.
    pub(super) fn admit(&self, now: Instant) -> Result<Pass<'_>, Duration> {
        let mut state = self.lock();
        let Some(until) = state.paused_until else {
            return Ok(Pass { breaker: self, probe: false });
        };
        let left = until.saturating_duration_since(now);
        if state.probing || !left.is_zero() {
            return Err(left);
        }
        state.probing = true;
        Ok(Pass { breaker: self, probe: true })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// Reports how the call went: `ok` when the server answered at all.
    pub(super) fn settle(self, ok: bool, now: Instant) {
        metrics::gauge!(UP).set(if ok { 1.0 } else { 0.0 });
        let mut state = self.breaker.lock();
        if ok {
            if state.paused_until.is_some() {
                tracing::info!("GLPI answers again");
            }
            *state = State::default();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        let threshold = self.breaker.threshold;
        if self.probe || (threshold > 0 && state.failures == threshold) {
            tracing::warn!(
                failures = state.failures,
                pause = ?self.breaker.pause,
                "GLPI keeps failing: calls are paused"
            );
            state.paused_until = Some(now + self.breaker.pause);
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.probe {
            self.breaker.lock().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const PAUSE: Duration = Duration::from_secs(10);

    fn call(breaker: &Breaker, ok: bool, now: Instant) {
        breaker.admit(now).unwrap().settle(ok, now);
    }

    #[test]
    fn failures_in_a_row_open_it() {
        let (breaker, now) = (Breaker::new(2, PAUSE), Instant::now());
        call(&breaker, false, now);
        call(&breaker, true, now);
        call(&breaker, false, now);
        assert!(breaker.admit(now).is_ok());
        call(&breaker, false, now);
        assert_eq!(breaker.admit(now).err(), Some(PAUSE));
    }

    #[test]
    fn after_the_pause_one_call_probes() {
        let (breaker, now) = (Breaker::new(1, PAUSE), Instant::now());
        call(&breaker, false, now);
        let later = now + PAUSE;
        let probe = breaker.admit(later).unwrap();
        assert!(breaker.admit(later).is_err());
        probe.settle(false, later);
        assert_eq!(breaker.admit(later).err(), Some(PAUSE));

        call(&breaker, true, later + PAUSE);
        assert!(breaker.admit(later + PAUSE).is_ok());
    }

    #[test]
    fn an_abandoned_probe_leaves_its_place() {
        let (breaker, now) = (Breaker::new(1, PAUSE), Instant::now());
        call(&breaker, false, now);
        drop(breaker.admit(now + PAUSE).unwrap());
        assert!(breaker.admit(now + PAUSE).is_ok());
    }

    #[test]
    fn a_late_failure_does_not_prolong_the_pause() {
        let (breaker, now) = (Breaker::new(1, PAUSE), Instant::now());
        let early = breaker.admit(now).unwrap();
        call(&breaker, false, now);
        early.settle(false, now + PAUSE / 2);
        assert_eq!(breaker.admit(now + PAUSE / 2).err(), Some(PAUSE / 2));
    }

    #[test]
    fn zero_never_opens() {
        let (breaker, now) = (Breaker::new(0, PAUSE), Instant::now());
        for _ in 0..100 {
            call(&breaker, false, now);
        }
        assert!(breaker.admit(now).is_ok());
    }
}
