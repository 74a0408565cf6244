//! What is remembered for a while, by what was asked.
//!
//! All of it is kept in caches of one and the same type, whose keys and values may be of any: for each pair of types
//! of its own, moka would add 180 KiB to the program. What is asked without a key needs none of them ([`RememberedOne`]).

mod one;

use std::{
    any::Any,
    borrow::Borrow,
    convert::Infallible,
    hash::{Hash, Hasher},
    marker::PhantomData,
    sync::Arc,
    time::Duration,
};

use futures_util::{TryFutureExt as _, future::BoxFuture};
use moka::future::Cache;

pub use self::one::RememberedOne;

/// Values by their keys, each for a while; of more than it may hold, those that are seldom asked for go. Clones share
/// what they remember. `E` is why a value may not be had.
pub struct Remembered<K, V, E = Infallible> {
    cache: Cache<AnyKey, AnyValue>,
    types: PhantomData<fn(K) -> Result<V, E>>,
}

impl<K, V, E> Remembered<K, V, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// So many at most, each for so long.
    pub fn new(most: u64, how_long: Duration) -> Self {
        Self { cache: Cache::builder().max_capacity(most).time_to_live(how_long).build(), types: PhantomData }
    }

    /// So many at most, for as long as there is room.
    pub fn without_end(most: u64) -> Self {
        Self { cache: Cache::new(most), types: PhantomData }
    }

    /// What is remembered.
    pub async fn get(&self, key: &K) -> Option<V> {
        self.cache.get(key as &dyn Key).await.map(|value| typed(&value))
    }

    /// Whether anything is remembered.
    pub fn has(&self, key: &K) -> bool {
        self.cache.contains_key(key as &dyn Key)
    }

    /// Remembers this.
    pub async fn insert(&self, key: K, value: V) {
        self.cache.insert(AnyKey(Box::new(key)), Arc::new(value)).await;
    }

    /// Forgets what is remembered of this.
    pub async fn forget(&self, key: &K) {
        self.cache.invalidate(key as &dyn Key).await;
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        self.cache.invalidate_all();
    }

    /// What is remembered, or what `ask` gives. Whoever asks for the same while that is on its way is told the same; a
    /// failure is told to them, too, and not remembered.
    pub fn or_ask<'a>(
        &'a self,
        key: K,
        ask: impl Future<Output = Result<V, E>> + Send + 'a,
    ) -> BoxFuture<'a, Result<V, E>> {
        let ask: BoxFuture<'a, _> = Box::pin(ask);
        Box::pin(async move {
            let found = self.or_find(key, ask.map_ok(Some)).await?;
            Ok(found.unwrap_or_else(|| unreachable!("what is asked here gives a value or fails")))
        })
    }

    /// The same, where there may be nothing: neither is that remembered.
    pub fn or_find<'a>(
        &'a self,
        key: K,
        ask: impl Future<Output = Result<Option<V>, E>> + Send + 'a,
    ) -> BoxFuture<'a, Result<Option<V>, E>> {
        // What is asked is large, often a whole exchange: callers carry a pointer to it, and so does what is made here, which
        // would hold it twice (a block keeps room for what it was given and for what it awaits).
        let ask: BoxFuture<'a, _> = Box::pin(ask);
        Box::pin(async move {
            if let Some(known) = self.get(&key).await {
                return Ok(Some(known));
            }
            let ask: BoxFuture<'_, Result<AnyValue, AnyValue>> = Box::pin(async move {
                match ask.await {
                    Ok(Some(found)) => Ok(Arc::new(found) as AnyValue),
                    Ok(None) => Err(Arc::new(None::<E>) as AnyValue),
                    Err(error) => Err(Arc::new(Some(error)) as AnyValue),
                }
            });
            match self.cache.try_get_with(AnyKey(Box::new(key)), ask).await {
                Ok(found) => Ok(Some(typed(&found))),
                Err(why) => typed::<Option<E>>(&why).map_or(Ok(None), Err),
            }
        })
    }
}

impl<K, V, E> Clone for Remembered<K, V, E> {
    fn clone(&self) -> Self {
        Self { cache: self.cache.clone(), types: PhantomData }
    }
}

/// A value, or why there is none.
type AnyValue = Arc<dyn Any + Send + Sync>;

/// The value itself: each cache holds only what its one [`Remembered`] puts in.
fn typed<T: Clone + 'static>(value: &AnyValue) -> T {
    let value = value.downcast_ref::<T>();
    value.unwrap_or_else(|| unreachable!("a cache holds values of one type")).clone()
}

/// A key of whatever type.
struct AnyKey(Box<dyn Key>);

trait Key: Any + Send + Sync {
    fn is(&self, other: &dyn Key) -> bool;
    fn hash_into(&self, state: &mut dyn Hasher);
}

impl<K: Hash + Eq + Send + Sync + 'static> Key for K {
    fn is(&self, other: &dyn Key) -> bool {
        (other as &dyn Any).downcast_ref() == Some(self)
    }

    fn hash_into(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }
}

impl PartialEq for dyn Key {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl Eq for dyn Key {}

impl Hash for dyn Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash_into(state);
    }
}

impl PartialEq for AnyKey {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl Eq for AnyKey {}

impl Hash for AnyKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (*self.0).hash(state);
    }
}

impl Borrow<dyn Key> for AnyKey {
    fn borrow(&self) -> &(dyn Key + 'static) {
        &*self.0
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    use futures_util::future::join_all;
    use tokio::sync::Notify;

    use super::Remembered;

    type Answers = Remembered<(u8, String), u32, &'static str>;

    fn answers() -> Answers {
        Answers::new(100, Duration::from_mins(1))
    }

    fn key(name: &str) -> (u8, String) {
        (1, name.to_owned())
    }

    /// A thousand requests may ask at the same moment: what each asks for is not held twice or more.
    #[tokio::test]
    async fn what_is_asked_is_held_once() {
        const EXCHANGE: usize = 12_000;
        let answers = answers();
        let large = |number: u8| async move {
            let read = [number; EXCHANGE];
            tokio::task::yield_now().await;
            Ok(u32::from(read[EXCHANGE - 1]))
        };
        let (one, maybe) = (large(7), async { large(8).await.map(Some) });
        assert!(size_of_val(&one) >= EXCHANGE);
        let (one, maybe) = (answers.or_ask(key("one"), one), answers.or_find(key("maybe"), maybe));
        assert!(size_of_val(&*one) < EXCHANGE / 2 && size_of_val(&*maybe) < EXCHANGE / 2);
        assert_eq!((one.await, maybe.await), (Ok(7), Ok(Some(8))));
    }

    #[tokio::test]
    async fn who_asks_at_the_same_moment_shares_one_answer_and_one_failure() {
        let (answers, asked, go) = (answers(), AtomicU32::new(0), Notify::new());
        for (outcome, sharing, times) in [(Err("away"), 40, 1), (Ok(7), 40, 2), (Ok(8), 1, 2)] {
            let ask = || {
                answers.or_ask(key("a"), async {
                    go.notified().await;
                    asked.fetch_add(1, Ordering::Relaxed);
                    outcome
                })
            };
            let (all, ()) = tokio::join!(join_all((0..sharing).map(|_| ask())), async { go.notify_one() });
            let expected = if outcome == Ok(8) { Ok(7) } else { outcome };
            assert!(all.into_iter().all(|one| one == expected), "{outcome:?}");
            assert_eq!(asked.load(Ordering::Relaxed), times);
        }
    }

    #[tokio::test]
    async fn that_there_is_nothing_is_not_remembered() {
        let answers = answers();
        for found in [None, None, Some(1)] {
            assert_eq!(answers.or_find(key("a"), async { Ok(found) }).await, Ok(found));
        }
        assert_eq!(answers.or_find(key("a"), async { Ok(None) }).await, Ok(Some(1)));
    }

    #[tokio::test]
    async fn each_key_has_its_own_value_until_it_is_forgotten() {
        let answers = answers();
        for (number, name) in (0..).zip(["a", "b", ""]) {
            answers.insert(key(name), number).await;
        }
        answers.insert((2, "a".to_owned()), 9).await;
        answers.forget(&key("b")).await;
        let shared = answers.clone();
        assert_eq!(shared.get(&key("a")).await, Some(0));
        assert_eq!(shared.get(&key("b")).await, None);
        assert!(shared.has(&key("")) && shared.has(&(2, "a".to_owned())) && !shared.has(&key("b")));
        shared.forget_all();
        assert!(!answers.has(&key("a")));
    }
}
