//! A lock for each key: who holds one keeps nobody from another.
//!
//! The crates for it (`lockable`, `keyed-lock`) hold values and pools beside; this is a map of weak locks.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, PoisonError, Weak},
};

use tokio::sync::{Mutex, OwnedMutexGuard};

/// Locks by key; one that nobody holds or waits for takes no room for long.
#[derive(Debug)]
pub(super) struct KeyedLock<K>(std::sync::Mutex<HashMap<K, Weak<Mutex<()>>>>);

impl<K> Default for KeyedLock<K> {
    fn default() -> Self {
        Self(std::sync::Mutex::default())
    }
}

impl<K: Eq + Hash> KeyedLock<K> {
    /// Waits until nobody else holds this key, and holds it until the guard is dropped.
    pub(super) async fn lock(&self, key: K) -> OwnedMutexGuard<()> {
        self.of(key).lock_owned().await
    }

    fn of(&self, key: K) -> Arc<Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::default();
        locks.insert(key, Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::KeyedLock;

    #[tokio::test]
    async fn one_key_waits_for_itself_alone() {
        let locks = KeyedLock::default();
        let held = locks.lock(100).await;
        // What is the same by a part of it, as 164 is, is another key.
        for other in [164, 228, 36, 0, 100 + 256, 100 + 4096, 100 + 65_536, u64::MAX] {
            assert!(locks.lock(other).now_or_never().is_some(), "{other} waits for 100");
        }
        assert!(locks.lock(100).now_or_never().is_none());
        drop(held);
        assert!(locks.lock(100).now_or_never().is_some());
    }

    #[tokio::test]
    async fn who_waits_gets_the_same_lock() {
        let locks = KeyedLock::default();
        let held = locks.lock("a").await;
        let mut waiting = Box::pin(locks.lock("a"));
        assert!((&mut waiting).now_or_never().is_none());
        drop(held);
        let held = waiting.await;
        assert!(locks.lock("a").now_or_never().is_none());
        drop(held);
    }

    #[tokio::test]
    async fn what_nobody_holds_is_forgotten() {
        let locks = KeyedLock::default();
        let _held = locks.lock(0).await;
        for key in 1..1000 {
            drop(locks.lock(key).await);
        }
        assert!(locks.0.lock().unwrap().len() <= 2);
    }
}
