//! Pieces of documents that are read ahead of whoever takes them: bounded in bytes, over all documents.
//!
//! Most documents are read at once, and their session is free again. What has no room goes piece by piece, each when
//! the one before it was taken.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::error::GlpiError;

/// What is read ahead of all documents, and of a single one: slow readers of some leave room to the others.
const OF_ALL: usize = 16 << 20;
const OF_ONE: usize = 4 << 20;
/// Pieces of one document, however small.
const MOST: usize = 64;
/// How long a piece waits to be taken.
const PATIENCE: Duration = Duration::from_secs(30);

/// A document's pieces, as they are taken.
pub(super) type Pieces = mpsc::Receiver<Result<Bytes, GlpiError>>;

/// The room for what is read ahead.
pub(super) struct Room(Arc<Semaphore>);

/// Passes a document's pieces on.
pub(super) struct Passing {
    pieces: mpsc::Sender<Result<Bytes, GlpiError>>,
    of_one: Arc<Semaphore>,
    of_all: Arc<Semaphore>,
}

/// A piece that takes room until nobody needs its bytes any more.
struct Ahead {
    bytes: Bytes,
    _room: [OwnedSemaphorePermit; 2],
}

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(OF_ALL)))
    }
}

impl Room {
    /// The way of one document's pieces.
    pub(super) fn pass(&self) -> (Passing, Pieces) {
        let (pieces, taken) = mpsc::channel(MOST);
        (Passing { pieces, of_one: Arc::new(Semaphore::new(OF_ONE)), of_all: Arc::clone(&self.0) }, taken)
    }
}

impl Passing {
    /// Passes a piece on, when there is room for it or all before it were taken. Gives whether somebody still takes them.
    pub(super) async fn piece(&self, bytes: Bytes) -> bool {
        let size = u32::try_from(bytes.len().min(OF_ONE)).unwrap_or(u32::MAX);
        let room = async {
            let of_one = Arc::clone(&self.of_one).acquire_many_owned(size).await;
            let of_all = Arc::clone(&self.of_all).acquire_many_owned(size).await;
            of_one.ok().zip(of_all.ok()).map(<[_; 2]>::from)
        };
        let passing = async {
            tokio::select! {
                biased;
                Some(room) = room => self.pieces.send(Ok(Bytes::from_owner(Ahead { bytes, _room: room }))).await.is_ok(),
                Ok(mut places) = self.pieces.reserve_many(MOST) => {
                    places.next().map(|place| place.send(Ok(bytes))).is_some()
                }
                else => false,
            }
        };
        tokio::time::timeout(PATIENCE, passing).await.unwrap_or(false)
    }

    /// Ends the pieces early.
    pub(super) async fn fail(&self, error: GlpiError) {
        let _ = self.pieces.send_timeout(Err(error), PATIENCE).await;
    }
}

impl AsRef<[u8]> for Ahead {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures_util::future::join_all;
    use rstest::rstest;

    use super::{Bytes, MOST, OF_ALL, OF_ONE, Room};

    /// Pieces as HTTP gives them, the largest of a fast server.
    const LARGEST: usize = 408 * 1024;

    #[rstest]
    #[case::one_reader(1, LARGEST, OF_ONE + LARGEST)]
    #[case::few_readers(3, LARGEST, 3 * (OF_ONE + LARGEST))]
    #[case::many_readers(40, LARGEST, OF_ALL + 40 * LARGEST)]
    #[case::tiny_pieces(1, 10, MOST * 10)]
    #[tokio::test(start_paused = true)]
    async fn what_nobody_takes_is_read_ahead_within_bounds(
        #[case] readers: usize,
        #[case] piece: usize,
        #[case] most: usize,
    ) {
        let room = Room::default();
        let documents: Vec<_> = (0..readers).map(|_| room.pass()).collect();
        let reading = documents.iter().map(|(passing, _)| async move {
            let mut ahead = 0;
            // The last one waits until patience ends.
            while passing.piece(Bytes::from(vec![1; piece])).await {
                ahead += piece;
            }
            ahead
        });
        let ahead: usize = join_all(reading).await.into_iter().sum();
        assert!(ahead <= most && ahead >= most / 2, "{ahead} of {most}");
        drop(documents);
        assert_eq!(room.0.available_permits(), OF_ALL);
    }

    #[tokio::test(start_paused = true)]
    async fn a_document_comes_whole_and_in_order_whether_there_is_room_or_not() {
        for is_full in [false, true] {
            let room = Room::default();
            let taken = is_full.then(|| room.0.clone().try_acquire_many_owned(u32::try_from(OF_ALL).unwrap()).unwrap());
            let (passing, mut pieces) = room.pass();
            let sent: Vec<Bytes> = (0..200_u8).map(|at| Bytes::from(vec![at; 10 + usize::from(at) * 1000])).collect();
            let sending = async {
                for piece in &sent {
                    assert!(passing.piece(piece.clone()).await);
                }
                drop(passing);
            };
            let taking = async {
                let mut all = Vec::new();
                while let Some(piece) = pieces.recv().await {
                    all.push(piece.unwrap());
                }
                all
            };
            let ((), all) = tokio::join!(sending, taking);
            assert_eq!(all, sent);
            drop((all, taken));
            assert_eq!(room.0.available_permits(), OF_ALL);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_document_is_passed_on_at_once_beside_one_that_is_read_slowly() {
        let room = Room::default();
        let (slow, _unread) = room.pass();
        while slow.piece(Bytes::from(vec![1; LARGEST])).await {}
        let (small, pieces) = room.pass();
        for _ in 0..8 {
            assert!(small.piece(Bytes::from(vec![1; LARGEST])).await);
        }
        assert_eq!(pieces.len(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_no_more_ends_it() {
        let room = Room::default();
        let (passing, pieces) = room.pass();
        drop(pieces);
        assert!(!passing.piece(Bytes::from_static(b"x")).await);
    }
}
