//! Who asks for the same while its answer is on its way gets that answer, too; nobody gets one of earlier.

use std::{hash::Hash, sync::Arc, time::Duration};

use super::error::PortalError;
use crate::remembered::Remembered;

/// How long an answer may outlive who waited for it.
const BRIEFLY: Duration = Duration::from_secs(1);
/// Readings under way at the same time that are known.
const MOST: u64 = 1000;

/// Readings of one kind that are under way.
pub(super) struct Joined<K, V>(Remembered<K, Arc<V>, PortalError>);

impl<K, V> Joined<K, V>
where
    K: Clone + Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(super) fn new() -> Self {
        Self(Remembered::new(MOST, BRIEFLY))
    }

    /// What `read` gives, or what somebody else is reading of the same.
    pub(super) async fn read(
        &self,
        key: K,
        read: impl Future<Output = Result<V, PortalError>> + Send,
    ) -> Result<Arc<V>, PortalError> {
        let read = async { read.await.map(Arc::new) };
        let answer = self.0.or_ask(key.clone(), read).await;
        self.0.forget(&key).await;
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::Joined;
    use crate::portal::PortalError;

    #[tokio::test]
    async fn those_who_ask_at_the_same_moment_share_one_reading_and_the_next_has_its_own() {
        let (joined, readings, go) = (Joined::new(), AtomicU32::new(0), Notify::new());
        let read = async || {
            go.notified().await;
            Ok::<_, PortalError>(readings.fetch_add(1, Ordering::Relaxed))
        };
        let all = futures_util::future::join_all((0..40).map(|_| joined.read("a", read())));
        let (all, ()) = tokio::join!(all, async { go.notify_one() });
        assert!(all.into_iter().all(|one| *one.unwrap() == 0));
        go.notify_one();
        assert_eq!(*joined.read("a", read()).await.unwrap(), 1);
        go.notify_one();
        let failing = async { Err::<u32, _>(PortalError::NotFound) };
        assert!(matches!(joined.read("a", failing).await, Err(PortalError::NotFound)));
        assert_eq!(*joined.read("a", read()).await.unwrap(), 2);
    }
}
