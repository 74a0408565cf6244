//! Which leases this instance holds, also while Redis cannot be asked.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::Ledger;
use crate::config::WhenDown;

/// How long a lease lasts that is not renewed: after that a crashed instance's work is taken over.
const LIFE: Duration = Duration::from_secs(15);

/// The leases asked for, and whether each was held when Redis last said so.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: Mutex<HashMap<String, bool>>,
    /// Parts the instances that wait for the same thing.
    luck: RandomState,
}

impl Leases {
    /// Redis has said whether the lease is held here.
    pub(super) fn answered(&self, name: &str, held: bool) -> bool {
        self.lock().insert(name.to_owned(), held);
        held
    }

    /// Redis cannot say. How long something must have waited before it is taken on here: the last holder waits
    /// until what another instance may have begun has surely ended, the others until the last holder's has, too.
    pub(super) fn unanswered(&self, name: &str, give_up: Duration) -> Duration {
        if self.lock().get(name) == Some(&true) {
            return give_up;
        }
        let thousandths = u32::try_from(self.luck.build_hasher().finish() % 1000).unwrap_or_default();
        give_up * 2 + give_up * thousandths / 1000
    }

    /// The lease is no longer wanted; whether it was held.
    pub(super) fn forget(&self, name: &str) -> bool {
        self.lock().remove(name).unwrap_or_default()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, bool>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Gets or keeps, for a few seconds, the right to do something that one instance at a time should do, such as
    /// reading a mailbox: what has waited for the time given, which is none where the right is sure.
    ///
    /// A single instance always has it. While Redis cannot be asked, and the gateway is to go on without it, every
    /// instance may go on with what has waited so long that another one surely has finished it, the last holder
    /// first: GLPI then knows of it. Else nobody goes on until Redis is back.
    pub async fn lease(&self, name: &str) -> Option<Duration> {
        let Some(redis) = &self.shared else { return Some(Duration::ZERO) };
        match redis.lease(name, LIFE).await {
            Ok(granted) => self.leases.answered(name, granted).then_some(Duration::ZERO),
            Err(error) => {
                metrics::counter!("passerelle_redis_failures_total").increment(1);
                tracing::warn!(%error, "Redis cannot be asked for a lease");
                (self.when_down == WhenDown::AskGlpi).then(|| self.leases.unanswered(name, self.give_up))
            }
        }
    }

    /// Gives a lease back, so that another instance need not wait for its end.
    pub async fn hand_back(&self, name: &str) {
        if self.leases.forget(name)
            && let Some(redis) = &self.shared
            && let Err(error) = redis.hand_back(name).await
        {
            tracing::debug!(%error, "a lease could not be given back; it lapses");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Leases;

    #[test]
    fn without_redis_the_last_holder_goes_on_before_the_others() {
        let (leases, give_up) = (Leases::default(), Duration::from_mins(2));
        assert!(leases.answered("a", true));
        assert_eq!(leases.unanswered("a", give_up), give_up);
        assert!(!leases.answered("a", false));
        for name in ["a", "never asked"] {
            let wait = leases.unanswered(name, give_up);
            assert!(wait >= give_up * 2 && wait < give_up * 3, "{wait:?}");
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
