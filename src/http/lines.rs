//! Open connections, and which of them are given up where others need their place or their memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

/// Connections that were given up for others.
const GIVEN_UP: &str = "passerelle_http_connections_given_up_total";
/// A body that has not gone on for this time may be given up.
const STANDING_STILL: Duration = Duration::from_secs(1);

/// Every open connection, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    open: Mutex<Open>,
    /// A connection ended, or may be given up now.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Open {
    last: u64,
    lines: BTreeMap<u64, Connection>,
}

#[derive(Debug)]
struct Connection {
    doing: Doing,
    given_up: CancellationToken,
}

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Doing {
    /// No request has come since it was opened.
    Opened,
    /// No request is at hand.
    Idle,
    /// A request waits for its turn.
    Queued,
    /// A body comes in of which nothing is proved; it went on at this moment, and takes memory or not.
    Unproven { moved: Instant, has_room: bool },
    /// A request is handled.
    Busy,
}

/// One open connection; it is forgotten when this is dropped.
#[derive(Debug)]
pub(super) struct Line {
    lines: Lines,
    number: u64,
    /// Cancelled where others need what this connection takes.
    pub(super) given_up: CancellationToken,
}

impl Lines {
    /// What the counter is for.
    pub(super) fn describe_metrics() {
        metrics::describe_counter!(GIVEN_UP, "Connections that were closed for others, by what these took.");
        for what_for in ["place", "memory"] {
            metrics::counter!(GIVEN_UP, "for" => what_for).increment(0);
        }
    }

    /// A connection that was just accepted.
    pub(super) fn open(&self) -> Arc<Line> {
        let given_up = CancellationToken::new();
        let mut open = self.all();
        open.last += 1;
        let number = open.last;
        open.lines.insert(number, Connection { doing: Doing::Opened, given_up: given_up.clone() });
        Arc::new(Line { lines: self.clone(), number, given_up })
    }

    /// Waits until fewer than `most` are open. For that the oldest goes on which no request has come, else one whose
    /// body stands still, else the request that would wait longest for its turn.
    pub(super) async fn fewer_than(&self, most: usize) {
        while self.all().lines.len() >= most {
            if !self.give_up_a_place() {
                let _ = tokio::time::timeout(STANDING_STILL / 4, self.0.changed.notified()).await;
            }
        }
    }

    fn give_up_a_place(&self) -> bool {
        let mut open = self.all();
        let is_silent = |known: &Connection| matches!(known.doing, Doing::Opened | Doing::Idle);
        let silent = open.lines.iter().find(|(_, known)| is_silent(known)).map(|(number, _)| *number);
        let queued = || open.lines.iter().rfind(|(_, known)| known.doing == Doing::Queued).map(|(number, _)| *number);
        let chosen = silent.or_else(|| open.standing_still(|_| true)).or_else(queued);
        open.give_up(chosen, "place")
    }

    /// Gives up the unproven body with memory that has stood still the longest.
    pub(super) fn give_up_a_body(&self) {
        let mut open = self.all();
        let chosen = open.standing_still(|has_room| has_room);
        open.give_up(chosen, "memory");
    }

    fn all(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn standing_still(&self, counts: impl Fn(bool) -> bool) -> Option<u64> {
        let still = self.lines.iter().filter_map(|(number, known)| match known.doing {
            Doing::Unproven { moved, has_room } if counts(has_room) && moved.elapsed() >= STANDING_STILL => {
                Some((moved, *number))
            }
            _ => None,
        });
        still.min().map(|(_, number)| number)
    }

    fn give_up(&mut self, chosen: Option<u64>, what_for: &'static str) -> bool {
        let Some(known) = chosen.and_then(|number| self.lines.remove(&number)) else { return false };
        metrics::counter!(GIVEN_UP, "for" => what_for).increment(1);
        tracing::debug!(what_for, "a connection is given up for others");
        known.given_up.cancel();
        true
    }
}

impl Line {
    /// A request waits for its turn.
    pub(super) fn is_queued(&self) {
        self.is_at(Doing::Queued);
    }

    /// A request is handled.
    pub(super) fn is_busy(&self) {
        self.is_at(Doing::Busy);
    }

    /// No request is at hand; an answer may still be on its way.
    pub(super) fn is_idle(&self) {
        self.is_at(Doing::Idle);
        self.lines.0.changed.notify_one();
    }

    /// A body comes in of which nothing is proved.
    pub(super) fn is_unproven(&self) {
        self.is_at(Doing::Unproven { moved: Instant::now(), has_room: false });
    }

    /// An unproven body went on.
    pub(super) fn has_moved(&self) {
        self.with_body(|moved, _| *moved = Instant::now());
    }

    /// An unproven body takes memory now.
    pub(super) fn has_room(&self) {
        self.with_body(|moved, has_room| (*moved, *has_room) = (Instant::now(), true));
    }

    /// Whether no request has come yet.
    pub(super) fn is_new(&self) -> bool {
        self.lines.all().lines.get(&self.number).is_none_or(|known| known.doing == Doing::Opened)
    }

    fn is_at(&self, doing: Doing) {
        if let Some(known) = self.lines.all().lines.get_mut(&self.number) {
            known.doing = doing;
        }
    }

    fn with_body(&self, change: impl FnOnce(&mut Instant, &mut bool)) {
        if let Some(Connection { doing: Doing::Unproven { moved, has_room }, .. }) =
            self.lines.all().lines.get_mut(&self.number)
        {
            change(moved, has_room);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.lines.all().lines.remove(&self.number);
        self.lines.0.changed.notify_one();
    }
}
