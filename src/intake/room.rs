//! The memory that requests take on their way, bounded over all ways in.
//!
//! A large request reserves its size before it is read, all at once: two that each had half of what they need would
//! wait for each other. On its way it is in memory about twice, as it came and decoded.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room is counted in units of so many bytes.
const UNIT: u64 = 1024;
/// A request of at most so many bytes needs no room: however many connections there are, they are bounded themselves.
pub const SMALL: usize = 64 * 1024;
/// The largest requests that have room at the same time, of the largest size that any way in takes.
const LARGEST_AT_ONCE: u64 = 3;

/// A block of more than 32 MiB is always mapped by itself, and given back to the system when it is freed (glibc,
/// `DEFAULT_MMAP_THRESHOLD_MAX`); smaller ones pile up in the heaps of each thread. What is not used of it is no memory.
pub const MAPPED: usize = 33 * 1024 * 1024;

/// So many bytes for requests.
#[derive(Clone, Debug)]
pub struct Room {
    places: Arc<Semaphore>,
    all: u32,
}

/// Room that is taken, until this is dropped.
#[derive(Debug)]
pub struct Taken(Option<OwnedSemaphorePermit>);

impl Room {
    /// Room for a few requests of up to `largest` bytes each.
    pub fn for_requests(largest: u64) -> Self {
        Self::new(LARGEST_AT_ONCE * largest)
    }

    /// Room for so many bytes.
    pub fn new(bytes: u64) -> Self {
        let all = units(bytes).max(1);
        // As many as fit a semaphore on any machine.
        Self { places: Arc::new(Semaphore::new(all as usize)), all }
    }

    /// Waits for room for so many bytes; a request that is larger than all there is gets all of it. First come, first
    /// served.
    pub async fn take(&self, bytes: u64) -> Taken {
        // Never closed: an error would only lift the bound.
        Taken(self.places.clone().acquire_many_owned(units(bytes).min(self.all)).await.ok())
    }
}

impl Taken {
    /// Gives back what a request that turned out to be of so many bytes does not need.
    pub fn shrink(&mut self, bytes: u64) {
        if let Some(permit) = &mut self.0 {
            let surplus = permit.num_permits().saturating_sub(units(bytes) as usize);
            drop(permit.split(surplus));
        }
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX >> 3).min(u32::MAX >> 3)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::Room;

    #[test]
    fn who_needs_more_than_there_is_gets_all_of_it() {
        let room = Room::new(10_000);
        let all = room.take(u64::MAX).now_or_never().unwrap();
        assert!(room.take(1).now_or_never().is_none());
        drop(all);
        assert!(room.take(10_000).now_or_never().is_some());
    }

    proptest! {
        #[test]
        fn what_is_given_back_can_be_taken(first in 1_u64..100_000, kept in 0_u64..100_000) {
            let room = Room::new(100_000);
            let mut taken = room.take(first).now_or_never().unwrap();
            taken.shrink(kept);
            let left = 100_000 - first.min(kept.div_ceil(1024) * 1024).div_ceil(1024) * 1024;
            prop_assert!(room.take(left).now_or_never().is_some());
            prop_assert!(room.take(left + 2048).now_or_never().is_none());
            drop(taken);
            prop_assert!(room.take(100_000).now_or_never().is_some());
        }
    }
}
