//! Work on many bytes goes to threads of its own: the threads that serve connections never wait for it.

use std::{
    panic::resume_unwind,
    sync::{Arc, LazyLock},
    thread::available_parallelism,
};

use tokio::{runtime::Handle, sync::Semaphore, task::spawn_blocking};

/// Work on at most so many bytes takes less time than to change threads is worth: it stays where it is.
const SMALL: usize = 64 * 1024;

/// Whether work on so many bytes goes to another thread.
pub fn is_large(bytes: usize) -> bool {
    bytes > SMALL
}

/// Does work on so many bytes: at once where it is small, otherwise on a thread for blocking work, one for each core at
/// the same time. The work may be written as a future, but waits for nothing outside of itself.
///
/// A panic of the work is one of the caller. Whoever no longer waits for the answer does not end the work.
pub async fn by_size<T: Send + 'static>(bytes: usize, work: impl Future<Output = T> + Send + 'static) -> T {
    static CORES: LazyLock<Arc<Semaphore>> =
        LazyLock::new(|| Arc::new(Semaphore::new(available_parallelism().map_or(2, usize::from))));
    if !is_large(bytes) {
        return work.await;
    }
    // The semaphore is never closed; without a permit the work is done all the same.
    let permit = CORES.clone().acquire_owned().await;
    let working = spawn_blocking(move || {
        // Held until the thread is done, also when nobody waits for it any more.
        let _permit = permit;
        Handle::current().block_on(work)
    });
    match working.await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => resume_unwind(panic),
        // The runtime is being shut down: it takes no more work, and this task ends here.
        Err(Err(_)) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::thread::{ThreadId, current};

    use futures_util::FutureExt as _;

    use super::{SMALL, by_size};

    async fn worker(bytes: usize) -> ThreadId {
        by_size(bytes, async { current().id() }).await
    }

    #[tokio::test]
    async fn only_large_work_changes_threads() {
        for small in [0, 1, SMALL] {
            assert_eq!(worker(small).await, current().id(), "{small} bytes");
        }
        for large in [SMALL + 1, 30 << 20] {
            assert_ne!(worker(large).await, current().id(), "{large} bytes");
        }
    }

    #[tokio::test]
    async fn a_panic_of_large_work_is_its_callers() {
        let work = by_size(SMALL + 1, async { panic!("a defect") });
        let panic = std::panic::AssertUnwindSafe(work).catch_unwind().await.unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"a defect"));
    }
}
