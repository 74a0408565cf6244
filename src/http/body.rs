//! Reads a request's body: bounded in size, in time, and in memory over all requests.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, BodyDataStream, HttpBody},
    extract::Request,
    http::{HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::Response,
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use hyper::body::{Frame, SizeHint};
use tokio::time::timeout_at;

use super::{
    lines::{Line, Lines},
    problem::Problem,
};
use crate::{
    intake::{MAPPED, Room, SMALL, Taken},
    text::french::size,
};

/// Of callers who have proved nothing before their body is read, so many of the largest bodies have room at a time.
const UNPROVEN_AT_ONCE: u64 = 2;
/// An unproven body goes on by [`SMALL`] bytes within this time, or it is given up.
const SLOWEST: Duration = Duration::from_secs(15);
/// How long a body waits for room, at most.
const PATIENCE: Duration = Duration::from_secs(20);
/// While a body waits, what has stood still is given up for it this often.
const GIVE_UP_EVERY: Duration = Duration::from_millis(200);
/// How long, how silent and how large a body that nobody wants may be: it is read all the same, so that its sender
/// gets to read the answer.
const LONGEST_DISCARD: Duration = Duration::from_secs(30);
const SILENT_DISCARD: Duration = Duration::from_secs(2);
const LARGEST_DISCARD: usize = 512 * 1024 * 1024;
const NO_ROOM_PAUSE: Duration = Duration::from_secs(10);

/// What a caller has proved before its body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Who it is, by a token or by where it calls from.
    Proven,
    /// Nothing yet: a signature is known to be right when the body is there.
    Unproven,
}

/// The memory that bodies may take.
#[derive(Clone, Debug)]
pub(super) struct Rooms {
    /// Shared with every other way in.
    all: Room,
    /// Strangers take no more than this of it.
    unproven: Room,
    lines: Lines,
}

impl Rooms {
    /// A share of `all` for bodies of up to `max_size` bytes each, of callers on these connections.
    pub(super) fn new(all: Room, max_size: usize, lines: Lines) -> Self {
        Self { all, unproven: Room::new(UNPROVEN_AT_ONCE * max_size as u64), lines }
    }

    /// The connections.
    pub(super) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Waits until `until` for room for a body; meanwhile strangers whose bodies stand still go.
    async fn take(&self, bytes: u64, standing: Standing, until: Instant) -> Option<(Taken, Option<Taken>)> {
        let taking = async {
            let unproven = if standing == Standing::Unproven { Some(self.unproven.take(bytes).await) } else { None };
            (self.all.take(bytes).await, unproven)
        };
        let mut taking = std::pin::pin!(taking);
        while Instant::now() < until {
            if let Ok(taken) = timeout_at((Instant::now() + GIVE_UP_EVERY).into(), &mut taking).await {
                return Some(taken);
            }
            self.lines.give_up_a_body();
        }
        None
    }
}

/// A body in memory; its room is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Whole {
    /// The bytes as they came.
    pub(super) bytes: Bytes,
    /// Held as long as the bytes are in use.
    pub(super) room: Option<Taken>,
}

/// A body that is still coming.
pub(super) struct Incoming {
    stream: BodyDataStream,
    max_size: usize,
    declared: Option<u64>,
    deadline: Instant,
    patience: Duration,
    line: Option<Arc<Line>>,
    /// Of a body that is too large: its first bytes, and how many there are at least.
    begun: BytesMut,
    at_least: u64,
    /// Its sender waits to be told to send it.
    is_awaited: bool,
}

impl Incoming {
    /// The body of a request of this head, to be there in whole within `timeout`.
    pub(super) fn new(parts: &Parts, body: Body, max_size: usize, timeout: Duration) -> Self {
        let declared = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        Self {
            stream: body.into_data_stream(),
            max_size,
            declared,
            deadline: Instant::now() + timeout,
            patience: PATIENCE.min(timeout / 4),
            line: parts.extensions.get().cloned(),
            begun: BytesMut::new(),
            at_least: 0,
            is_awaited: parts.headers.contains_key(header::EXPECT),
        }
    }

    /// Reads it all. A body that does not say its size is taken for one of the largest until it is there.
    ///
    /// # Errors
    ///
    /// 413 when it is too large, 408 when it is not there in time, 503 when other requests take the memory,
    /// 400 when the connection or its framing breaks.
    pub(super) async fn read(&mut self, rooms: &Rooms, standing: Standing) -> Result<Whole, Problem> {
        if let Some(declared) = self.declared.filter(|declared| *declared > self.max_size as u64) {
            self.at_least = declared;
            return Err(self.too_large());
        }
        if standing == Standing::Unproven
            && let Some(line) = &self.line
        {
            line.is_unproven();
        }
        let expected = self.declared.unwrap_or(self.max_size as u64);
        let mut bytes = BytesMut::new();
        let mut taken = None;
        let mut moved = Instant::now();
        let mut step = 0;
        loop {
            let until = match standing {
                Standing::Proven => self.deadline,
                Standing::Unproven => self.deadline.min(moved + SLOWEST),
            };
            let frame = match timeout_at(until.into(), self.stream.next()).await.map_err(|_| too_slow())? {
                Some(Ok(frame)) => frame,
                Some(Err(_)) => return Err(broken()),
                None => break,
            };
            if frame.len() > self.max_size - bytes.len() {
                self.at_least = (bytes.len() + frame.len()) as u64;
                bytes.truncate(SMALL);
                self.begun.extend_from_slice(&bytes);
                self.begin(&frame);
                return Err(self.too_large());
            }
            step += frame.len();
            if step >= SMALL {
                (moved, step) = (Instant::now(), 0);
                if let Some(line) = &self.line {
                    line.has_moved();
                }
            }
            if taken.is_none() && bytes.len() + frame.len() > SMALL {
                let until = self.deadline.min(Instant::now() + self.patience);
                taken = Some(rooms.take(expected, standing, until).await.ok_or_else(no_room)?);
                moved = Instant::now();
                if let Some(line) = &self.line {
                    line.has_room();
                }
                bytes.reserve(usize::try_from(expected).unwrap_or(self.max_size).max(MAPPED) - bytes.len());
            }
            bytes.extend_from_slice(&frame);
        }
        if let Some(line) = &self.line {
            line.is_busy();
        }
        let room = taken.map(|(mut room, _)| {
            room.shrink(bytes.len() as u64);
            room
        });
        Ok(Whole { bytes: bytes.freeze(), room })
    }

    /// Of a mail that was found too large its beginning, of some 64 KiB, and how large it is at least. `None` where that
    /// does not hold its whole head, or nothing of it was sent yet.
    pub(super) async fn beginning(&mut self) -> Option<(Bytes, u64)> {
        if self.is_awaited && self.begun.is_empty() {
            return None;
        }
        let until = self.deadline.min(Instant::now() + self.patience);
        while self.begun.len() < SMALL
            && let Ok(Some(Ok(frame))) = timeout_at(until.into(), self.stream.next()).await
        {
            self.begin(&frame);
        }
        let ends = |mark: &[u8]| self.begun.windows(mark.len()).any(|bytes| bytes == mark);
        let has_head = ends(b"\r\n\r\n") || ends(b"\n\n");
        has_head.then(|| (std::mem::take(&mut self.begun).freeze(), self.at_least))
    }

    fn begin(&mut self, frame: &[u8]) {
        let room = SMALL - self.begun.len();
        self.begun.extend_from_slice(&frame[..frame.len().min(room)]);
    }

    fn too_large(&self) -> Problem {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            format!(
                "La requête dépasse {}. Renvoyez-la avec des pièces jointes plus légères ou moins nombreuses.",
                size(self.max_size as u64)
            ),
        )
    }
}

/// Answers a request, and then reads what nobody has read of its body, within bounds: a sender that is cut off while it
/// still sends may never see the answer that says why. The connection ends with that answer.
pub(super) async fn read_to_the_end(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let expects_continue = parts.headers.contains_key(header::EXPECT);
    let line: Option<Arc<Line>> = parts.extensions.get().cloned();
    let rest = Rest::default();
    let lent = Lent { body, is_begun: false, is_ended: false, rest: rest.clone() };
    let mut response = next.run(Request::from_parts(parts, Body::new(lent))).await;
    let Some((body, is_begun)) = rest.take().filter(|(body, _)| !body.is_end_stream()) else { return response };
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    // Who waits for `100 Continue` sends nothing before it.
    if is_begun || !expects_continue {
        if let Some(line) = &line {
            line.is_unproven();
        }
        discard(body).await;
        if let Some(line) = &line {
            line.is_busy();
        }
    }
    response
}

async fn discard(body: Body) {
    let mut stream = body.into_data_stream();
    let until = Instant::now() + LONGEST_DISCARD;
    let mut left = LARGEST_DISCARD;
    let mut silent = until.min(Instant::now() + SILENT_DISCARD);
    while let Ok(Some(Ok(frame))) = timeout_at(silent.into(), stream.next()).await {
        let Some(rest) = left.checked_sub(frame.len()) else { return };
        left = rest;
        silent = until.min(Instant::now() + SILENT_DISCARD);
    }
}

/// Where a body is left by whoever did not read it, and whether it was begun.
#[derive(Clone, Default)]
struct Rest(Arc<Mutex<Option<(Body, bool)>>>);

impl Rest {
    fn take(&self) -> Option<(Body, bool)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A body that comes back when it is dropped.
struct Lent {
    body: Body,
    is_begun: bool,
    is_ended: bool,
    rest: Rest,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_begun = true;
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.is_ended |= matches!(frame, Poll::Ready(None | Some(Err(_))));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.is_ended {
            return;
        }
        let left = (std::mem::take(&mut self.body), self.is_begun);
        *self.rest.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
    }
}

fn broken() -> Problem {
    let detail = "Le corps de la requête s’est interrompu. Renvoyez-la.";
    Problem::new(StatusCode::BAD_REQUEST, "broken-body", detail)
}

fn too_slow() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "body-timeout",
        "Le corps de la requête n’est pas arrivé à temps. Renvoyez-la.",
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
