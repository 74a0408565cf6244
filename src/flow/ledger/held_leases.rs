//! Which leases this instance holds, also while Redis cannot be asked.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

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
