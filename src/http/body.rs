//! Reads a request's body: bounded in size, in time, and in memory over all requests.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout_at,
};

use super::problem::Problem;

/// All bodies in memory together may be so many times as large as a single one.
const LARGEST_AT_ONCE: usize = 8;
/// Memory is counted in units of so many bytes.
const UNIT: usize = 1024;
/// How long a refused body is still read, so that its sender gets to read the answer.
const LINGER: Duration = Duration::from_secs(5);
const NO_ROOM_PAUSE: Duration = Duration::from_secs(10);

/// The memory that bodies may take.
#[derive(Clone, Debug)]
pub(super) struct Room(Arc<Semaphore>);

impl Room {
    /// Room for several bodies of up to `max_size` bytes each.
    pub(super) fn new(max_size: usize) -> Self {
        Self(Arc::new(Semaphore::new(LARGEST_AT_ONCE * max_size.div_ceil(UNIT).max(1))))
    }
}

/// A body in memory; its room is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Whole {
    /// The bytes as they came.
    pub(super) bytes: Bytes,
    /// Held as long as the bytes are in use.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// A body that is still coming.
pub(super) struct Incoming {
    stream: BodyDataStream,
    max_size: usize,
    declared: Option<u64>,
    deadline: Instant,
    /// The sender waits for `100 Continue`: it can be answered without its body.
    expects_continue: bool,
}

impl Incoming {
    /// The body of a request with these headers, to be there in whole by `deadline`.
    pub(super) fn new(headers: &HeaderMap, body: Body, max_size: usize, deadline: Instant) -> Self {
        let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let expects_continue = headers.contains_key(header::EXPECT);
        Self { stream: body.into_data_stream(), max_size, declared, deadline, expects_continue }
    }

    /// Reads it all.
    ///
    /// # Errors
    ///
    /// 413 when it is too large, 408 when it is not there in time, 503 when other bodies take the memory,
    /// 400 when the connection or its framing breaks.
    pub(super) async fn read(&mut self, room: &Room) -> Result<Whole, Problem> {
        if self.declared.is_some_and(|declared| declared > self.max_size as u64) {
            return Err(self.too_large());
        }
        let mut bytes = BytesMut::new();
        let mut taken: Option<OwnedSemaphorePermit> = None;
        loop {
            let frame = timeout_at(self.deadline.into(), self.stream.next()).await.map_err(|_| too_slow())?;
            let frame = match frame {
                None => return Ok(Whole { bytes: bytes.freeze(), room: taken }),
                Some(Ok(frame)) => frame,
                Some(Err(_)) => {
                    return Err(Problem::new(
                        StatusCode::BAD_REQUEST,
                        "broken-body",
                        "Le corps de la requête s'est interrompu. Renvoyez-la.",
                    ));
                }
            };
            if frame.len() > self.max_size - bytes.len() {
                return Err(self.too_large());
            }
            let have = taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            let missing = (bytes.len() + frame.len()).div_ceil(UNIT) - have;
            let more = u32::try_from(missing).ok().and_then(|count| room.0.clone().try_acquire_many_owned(count).ok());
            match (&mut taken, more.ok_or_else(no_room)?) {
                (Some(taken), more) => taken.merge(more),
                (none, more) => *none = Some(more),
            }
            bytes.extend_from_slice(&frame);
        }
    }

    /// Reads and throws away what is left, within bounds: a sender that is cut off while it still sends
    /// may never see the answer that says why.
    pub(super) async fn discard(mut self) {
        if self.expects_continue {
            return;
        }
        let until = self.deadline.min(Instant::now() + LINGER);
        let mut left = self.max_size;
        while let Ok(Some(Ok(frame))) = timeout_at(until.into(), self.stream.next()).await {
            let Some(rest) = left.checked_sub(frame.len()) else { return };
            left = rest;
        }
    }

    fn too_large(&self) -> Problem {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            format!(
                "La requête dépasse {} octets. Renvoyez-la avec des pièces jointes plus légères ou moins nombreuses.",
                self.max_size
            ),
        )
    }
}

fn too_slow() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "body-timeout",
        "Le corps de la requête n'est pas arrivé à temps. Renvoyez-la.",
    )
}

fn no_room() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "busy",
        "Trop de requêtes volumineuses arrivent en même temps. Renvoyez celle-ci un peu plus tard.",
    )
    .retry_after(NO_ROOM_PAUSE)
}
