//! One answer that is remembered for a while: a cache of its own would take 30 KiB for it.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

/// A value, for a while. `E` is why it may not be had.
pub struct RememberedOne<V, E = Infallible> {
    how_long: Duration,
    last: Mutex<Option<Last<V, E>>>,
}

/// What was answered last.
struct Last<V, E> {
    at: Instant,
    answer: Result<V, E>,
}

impl<V: Clone, E: Clone> RememberedOne<V, E> {
    /// Each value for so long.
    pub fn new(how_long: Duration) -> Self {
        Self { how_long, last: Mutex::default() }
    }

    /// What is remembered.
    pub async fn get(&self) -> Option<V> {
        self.believed(self.last.lock().await.as_ref())
    }

    /// Remembers this.
    pub async fn insert(&self, value: V) {
        *self.last.lock().await = Some(Last { at: Instant::now(), answer: Ok(value) });
    }

    /// What is remembered, or what `ask` gives. Whoever asks while that is on its way is told the same; a failure is told
    /// to them, too, and not remembered.
    pub async fn or_ask(&self, ask: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let wanted = Instant::now();
        let mut last = self.last.lock().await;
        if let Some(known) = self.believed(last.as_ref()) {
            return Ok(known);
        }
        if let Some(Last { answer, .. }) = last.as_ref().filter(|last| last.at > wanted) {
            return answer.clone();
        }
        // What is asked is large, often a whole exchange: callers carry a pointer to it.
        let answer = Box::pin(ask).await;
        *last = Some(Last { at: Instant::now(), answer: answer.clone() });
        answer
    }

    fn believed(&self, last: Option<&Last<V, E>>) -> Option<V> {
        let last = last.filter(|last| last.at.elapsed() < self.how_long)?;
        last.answer.as_ref().ok().cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    use futures_util::{FutureExt as _, future::join_all};
    use tokio::sync::Notify;

    use super::RememberedOne;

    #[tokio::test]
    async fn who_asks_at_the_same_moment_shares_one_answer_and_one_failure() {
        for (how_long, asked_later) in [(Duration::from_mins(1), 2), (Duration::ZERO, 3)] {
            let (answer, asked, go) = (RememberedOne::new(how_long), AtomicU32::new(0), Notify::new());
            for (outcome, sharing, times) in [(Err("away"), 40, 1), (Ok(7), 40, 2), (Ok(8), 1, asked_later)] {
                let ask = || {
                    answer.or_ask(async {
                        go.notified().await;
                        asked.fetch_add(1, Ordering::Relaxed);
                        outcome
                    })
                };
                let (all, ()) = tokio::join!(join_all((0..sharing).map(|_| ask())), async { go.notify_one() });
                let expected = if times == 2 && sharing == 1 { Ok(7) } else { outcome };
                assert!(all.into_iter().all(|one| one == expected), "{outcome:?}");
                assert_eq!(asked.load(Ordering::Relaxed), times);
            }
        }
    }

    #[tokio::test]
    async fn a_value_is_there_until_its_time_is_over_and_a_failure_never() {
        let (long, short) = (Duration::from_mins(1), Duration::ZERO);
        for (how_long, expected) in [(long, Some(3)), (short, None)] {
            let one = RememberedOne::<u8, &str>::new(how_long);
            assert_eq!(one.get().await, None);
            assert_eq!(one.or_ask(async { Err("away") }).await, Err("away"));
            assert_eq!(one.get().await, None);
            one.insert(3).await;
            assert_eq!(one.get().await, expected);
            assert_eq!(one.or_ask(async { Ok(4) }).await, Ok(expected.unwrap_or(4)));
        }
    }

    #[tokio::test]
    async fn where_whoever_asks_is_gone_the_next_one_does() {
        let one = RememberedOne::<u8>::new(Duration::from_mins(1));
        let mut first = Box::pin(one.or_ask(std::future::pending()));
        assert!((&mut first).now_or_never().is_none());
        let mut second = Box::pin(one.or_ask(async { Ok(2) }));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        assert_eq!(second.await, Ok(2));
    }
}
