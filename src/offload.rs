//! Work on many bytes goes to threads of its own: the threads that serve connections never wait for it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, LazyLock, Mutex, PoisonError, mpsc},
    thread::{self, available_parallelism},
};

use tokio::{runtime::Handle, sync::oneshot};

/// Work on at most so many bytes takes less time than to change threads is worth: it stays where it is.
const SMALL: usize = 64 * 1024;

type Work = Box<dyn FnOnce() + Send>;

/// One thread for each core. The runtime's own threads for blocking work are many, and each keeps memory of its own that
/// the allocator does not give back.
static WORKERS: LazyLock<mpsc::Sender<Work>> = LazyLock::new(|| {
    let (sender, receiver) = mpsc::channel::<Work>();
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..available_parallelism().map_or(2, usize::from) {
        let receiver = Arc::clone(&receiver);
        let work = move || {
            loop {
                let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(work) = next else { return };
                work();
            }
        };
        if let Err(error) = thread::Builder::new().name("large-work".to_owned()).spawn(work) {
            tracing::error!(%error, "a thread for large work cannot be had");
        }
    }
    sender
});

/// Whether work on so many bytes goes to another thread.
pub fn is_large(bytes: usize) -> bool {
    bytes > SMALL
}

/// Does work on so many bytes: at once where it is small, otherwise on a thread for large work, of which there is one for
/// each core. The work may be written as a future, but waits for nothing outside of itself.
///
/// A panic of the work is one of the caller. Whoever no longer waits for the answer does not end the work.
pub async fn by_size<T: Send + 'static>(bytes: usize, work: impl Future<Output = T> + Send + 'static) -> T {
    if !is_large(bytes) {
        return work.await;
    }
    let (runtime, (done, ended)) = (Handle::current(), oneshot::channel());
    let work: Work = Box::new(move || {
        // The caller may have gone.
        let _ = done.send(catch_unwind(AssertUnwindSafe(|| runtime.block_on(work))));
    });
    if let Err(mpsc::SendError(work)) = WORKERS.send(work) {
        // There is no thread for it.
        work();
    }
    match ended.await {
        Ok(Ok(done)) => done,
        Ok(Err(panic)) => resume_unwind(panic),
        // The work was dropped, as it is only where the program ends.
        Err(_) => std::future::pending().await,
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
