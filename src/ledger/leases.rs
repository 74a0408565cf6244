//! Which leases this instance holds, also while Redis cannot be asked.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::config::WhenDown;

/// How long a lease lasts that is not renewed: after that a crashed instance's work is taken over.
pub(super) const LIFE: Duration = Duration::from_secs(15);
/// Without Redis, an instance waits so long for the one that had the lease to go on.
const GRACE: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<HashMap<String, Lease>>);

#[derive(Clone, Copy, Debug, Default)]
struct Lease {
    held: bool,
    unanswered_since: Option<Instant>,
}

impl Leases {
    /// Redis has said whether the lease is held here.
    pub(super) fn answered(&self, name: &str, held: bool) -> bool {
        self.with(name, |lease| *lease = Lease { held, unanswered_since: None });
        held
    }

    /// Redis cannot say: whether to go on as if the lease were held here.
    pub(super) fn unanswered(&self, name: &str, when_down: WhenDown) -> bool {
        self.with(name, |lease| {
            let since = *lease.unanswered_since.get_or_insert_with(Instant::now);
            lease.held |= when_down == WhenDown::AskGlpi && since.elapsed() >= GRACE;
            lease.held
        })
    }

    /// The lease is no longer wanted; whether it was held.
    pub(super) fn forget(&self, name: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name).is_some_and(|lease| lease.held)
    }

    fn with<T>(&self, name: &str, change: impl FnOnce(&mut Lease) -> T) -> T {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::{Leases, WhenDown};

    #[test]
    fn without_redis_the_one_that_has_the_lease_keeps_it_and_no_other_takes_it_at_once() {
        let leases = Leases::default();
        for when_down in [WhenDown::AskGlpi, WhenDown::Defer] {
            assert!(leases.answered("a", true) && leases.unanswered("a", when_down));
            assert!(!leases.answered("a", false) && !leases.unanswered("a", when_down));
            assert!(!leases.unanswered("never asked", when_down));
        }
    }

    #[test]
    fn a_lease_is_given_back_once_and_only_if_it_was_held() {
        let leases = Leases::default();
        leases.answered("a", true);
        leases.answered("b", false);
        assert!(leases.forget("a") && !leases.forget("a") && !leases.forget("b"));
    }
}
