//! What one process remembers: tickets by reference, and the places taken in each requester's day.
//!
//! It is the whole memory where one instance runs alone, and beside Redis it knows this instance's own
//! work, so that a flush or an outage of Redis does not make the instance forget what is under way.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};

use crate::id::TicketId;
use crate::request::{DayMark, Reference};

/// How long a ticket or a day is remembered. Older copies are looked for in GLPI.
pub(super) const MEMORY: Duration = Duration::from_hours(8 * 24);
/// Entries are swept out when this many more than at the last sweep are held.
const SWEEP_EVERY: usize = 10_000;

/// What is remembered of a text of any length.
type Digest = [u8; 32];

#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    tickets: HashMap<Reference, (TicketId, Instant)>,
    /// The requests whose ticket is being made, or nobody knows whether it was.
    claims: HashMap<Reference, Claimant>,
    days: HashMap<DayMark, Day>,
    notices: HashMap<(DayMark, String), Instant>,
    /// How often a request failed, how often alone, and when it last did.
    failures: HashMap<Reference, (u32, u32, Instant)>,
    /// By digests: the key that each signed call came with, and until when that is remembered.
    keys: HashMap<Digest, (Digest, Instant)>,
    /// When a ticket was last made.
    last_made: Option<Instant>,
    sweep_at: usize,
}

#[derive(Debug)]
struct Claimant {
    since: Instant,
    /// The day its ticket takes a place in.
    day: Option<DayMark>,
    /// Nobody works on it any more.
    left_open: bool,
    /// Its creation was begun here, and nobody was told of its ticket.
    begun: bool,
}

#[derive(Debug)]
struct Day {
    places: HashMap<Reference, Taken>,
    /// When GLPI was asked for the places of which this memory does not know.
    counted: Option<Instant>,
    since: Instant,
}

/// What a reserved place is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// The ticket is being made, or nobody knows whether it was: since when.
    UnderWay(Instant),
    /// The ticket is there.
    Made,
}

/// A claim that nobody works on any more and whose creation may still end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LeftOpen {
    pub(super) reference: Reference,
    pub(super) day: Option<DayMark>,
    /// For how long it has been so.
    pub(super) age: Duration,
}

/// What a memory knows of a day beside the places in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfTheDay {
    /// How many places there are.
    pub(super) limit: u32,
    /// It began after this memory did: no count in GLPI is needed.
    pub(super) remembered: bool,
    /// Until when tickets may appear in GLPI of which this memory knows nothing, and how many at most.
    pub(super) unseen: Option<(Instant, u32)>,
}

/// How often a request could not be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// In all.
    pub times: u32,
    /// Although others were delivered since it had failed before, so that it is to blame itself; `None`: this time
    /// it may be not.
    pub alone: Option<u32>,
}

/// What a claim came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claimed {
    /// Nobody is at it.
    Fresh,
    /// An earlier attempt ended without anyone knowing how: there may be a ticket.
    Inherited,
    /// The same, and it was this process that began to make it.
    Own,
    /// An earlier attempt may still be under way.
    Busy,
}

/// What a reservation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reservation {
    /// The request has a place.
    Reserved,
    /// All are taken, by tickets.
    Full,
    /// All are taken, some by what may or may not become a ticket: soon it is known.
    Unsettled,
    /// The day began before this memory did: count it in GLPI first.
    Recount,
}

impl Memory {
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // Every change is one insert or remove, so what a panicking thread left behind is whole.
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.sweep();
        inner
    }

    /// The first of these references that has a ticket, and the ticket.
    pub(super) fn ticket(&self, references: impl IntoIterator<Item = Reference>) -> Option<(Reference, TicketId)> {
        let inner = self.lock();
        references
            .into_iter()
            .find_map(|reference| inner.tickets.get(&reference).map(|(ticket, _)| (reference, *ticket)))
    }

    /// Claims a request, unless an earlier attempt whose end nobody knows may still be under way.
    pub(super) fn claim(
        &self,
        reference: Reference,
        aliases: &[Reference],
        day: Option<DayMark>,
        give_up: Duration,
    ) -> Claimed {
        let mut inner = self.lock();
        let open: Vec<_> = [reference].iter().chain(aliases).filter_map(|name| inner.claims.get(name)).collect();
        if open.iter().any(|claim| claim.since.elapsed() < give_up) {
            return Claimed::Busy;
        }
        let begun = open.iter().any(|claim| claim.begun);
        let claimed = match (open.is_empty(), begun) {
            (true, _) => Claimed::Fresh,
            (false, false) => Claimed::Inherited,
            (false, true) => Claimed::Own,
        };
        inner.claims.insert(reference, Claimant { since: Instant::now(), day, left_open: false, begun });
        claimed
    }

    /// Whether one of these requests may still be under way in GLPI.
    pub(super) fn is_open(&self, references: &[Reference], give_up: Duration) -> bool {
        let inner = self.lock();
        references.iter().any(|name| inner.claims.get(name).is_some_and(|claim| claim.since.elapsed() < give_up))
    }

    /// Dates a claim, and the place that was taken with it, anew: what they cover begins now.
    pub(super) fn renew(&self, reference: Reference) {
        let mut inner = self.lock();
        inner.date_anew(reference, false);
        inner.claims.entry(reference).and_modify(|claim| claim.begun = true);
    }

    /// Nobody works on a claim any more, and its creation may still end: as if it had begun only now.
    pub(super) fn leave_open(&self, reference: Reference) {
        self.lock().date_anew(reference, true);
    }

    /// The claims that were left open for less than `give_up`.
    pub(super) fn left_open(&self, give_up: Duration) -> Vec<LeftOpen> {
        let inner = self.lock();
        let open = inner.claims.iter().filter(|(_, claim)| claim.left_open);
        let open = open.map(|(&reference, claim)| LeftOpen { reference, day: claim.day, age: claim.since.elapsed() });
        open.filter(|open| open.age < give_up).collect()
    }

    /// The claimed request surely has no ticket of this process.
    pub(super) fn release(&self, reference: Reference) {
        self.lock().claims.remove(&reference);
    }

    /// Remembers a request's ticket. `new`: it takes a place in the day, where it counts for one, even if none
    /// was reserved.
    pub(super) fn settle(&self, reference: Reference, day: Option<DayMark>, ticket: TicketId, new: bool) {
        let mut inner = self.lock();
        inner.claims.remove(&reference);
        inner.tickets.insert(reference, (ticket, Instant::now()));
        if new {
            inner.last_made = Some(Instant::now());
        }
        let Some(day) = day else { return };
        let places = &mut inner.day(day).places;
        if new || places.contains_key(&reference) {
            places.insert(reference, Taken::Made);
        }
    }

    /// Takes a place in a day. One that is older than `give_up` without a ticket is worth nothing more, once GLPI has
    /// been asked for it.
    pub(super) fn reserve(
        &self,
        reference: Reference,
        day: DayMark,
        of_the_day: OfTheDay,
        give_up: Duration,
    ) -> Reservation {
        let OfTheDay { limit, remembered, unseen } = of_the_day;
        let mut inner = self.lock();
        let day = inner.day(day);
        let unseen = unseen.filter(|(until, _)| Instant::now() < *until);
        let appearing = unseen.map_or(0, |(_, most)| most as usize);
        // A count that others may have been unseen in is good for one look, but where there is room for all of them.
        let has_room = day.places.len() + appearing < limit as usize;
        let counted = day.counted.take_if(|_| unseen.is_some() && !has_room).or(day.counted);
        if !remembered && counted.is_none() {
            return Reservation::Recount;
        }
        if day.places.contains_key(&reference) {
            day.places.entry(reference).and_modify(Taken::begin);
            return Reservation::Reserved;
        }
        let limit = limit as usize;
        let made = day.places.values().filter(|taken| **taken == Taken::Made).count();
        if made >= limit {
            return Reservation::Full;
        }
        if day.places.len() >= limit && day.places.values().any(|taken| taken.is_over(give_up)) {
            return Reservation::Recount;
        }
        if day.places.len() + appearing >= limit {
            return Reservation::Unsettled;
        }
        day.places.insert(reference, Taken::UnderWay(Instant::now()));
        Reservation::Reserved
    }

    /// How many places of a day are taken; `None` where that is to be counted in GLPI first.
    pub(super) fn taken(&self, day: DayMark, remembered: bool) -> Option<usize> {
        let inner = self.lock();
        match inner.days.get(&day) {
            Some(day) if remembered || day.counted.is_some() => Some(day.places.len()),
            None if remembered => Some(0),
            _ => None,
        }
    }

    /// Whether any place of a day was taken here.
    pub(super) fn has_places(&self, day: DayMark) -> bool {
        self.lock().days.get(&day).is_some_and(|day| !day.places.is_empty())
    }

    /// Enters a place that was taken elsewhere for a request of this process.
    pub(super) fn enter(&self, reference: Reference, day: DayMark) {
        self.lock().day(day).places.entry(reference).or_insert_with(|| Taken::UnderWay(Instant::now()));
    }

    /// Enters what GLPI has of a day: what is older than `give_up` and not among it has no ticket.
    pub(super) fn recounted(&self, day: DayMark, made: impl IntoIterator<Item = Reference>, give_up: Duration) {
        let mut inner = self.lock();
        let day = inner.day(day);
        day.counted = Some(Instant::now());
        day.places.retain(|_, taken| !taken.is_over(give_up));
        day.places.extend(made.into_iter().map(|reference| (reference, Taken::Made)));
    }

    /// Gives a place back whose ticket was not made.
    pub(super) fn give_back(&self, reference: Reference, day: DayMark) {
        let mut inner = self.lock();
        let day = inner.day(day);
        if day.places.get(&reference).is_some_and(|taken| *taken != Taken::Made) {
            day.places.remove(&reference);
        }
    }

    /// The places of a day whose tickets this process is making right now, or may have made: GLPI may not know them
    /// yet.
    pub(super) fn under_way(&self, day: DayMark, give_up: Duration) -> Vec<Reference> {
        let inner = self.lock();
        let places = inner.days.get(&day).map(|day| &day.places);
        let under_way = |taken: &Taken| matches!(taken, Taken::UnderWay(_)) && !taken.is_over(give_up);
        places.into_iter().flatten().filter(|(_, taken)| under_way(taken)).map(|(&reference, _)| reference).collect()
    }

    /// A request failed.
    pub(super) fn failed(&self, reference: Reference) -> Failures {
        let mut inner = self.lock();
        let (times, alone, since) = inner.failures.get(&reference).copied().unwrap_or((0, 0, Instant::now()));
        let others_passed = inner.last_made.is_some_and(|made| made > since);
        let (times, alone) = (times + 1, alone + u32::from(others_passed));
        inner.failures.insert(reference, (times, alone, Instant::now()));
        Failures { times, alone: others_passed.then_some(alone) }
    }

    /// Forgets a request's failures.
    pub(super) fn forgive(&self, reference: Reference) {
        self.lock().failures.remove(&reference);
    }

    /// Whether this is the first notice of its kind on that day.
    pub(super) fn first_notice(&self, day: DayMark, notice: &str) -> bool {
        self.lock().notices.insert((day, notice.to_owned()), Instant::now()).is_none()
    }

    /// Whether what was signed came with this key first; `None` where it is not known to have come.
    pub(super) fn came_with(&self, signed: &str, key: &str) -> Option<bool> {
        let (kept, until) = self.lock().keys.get(&digest(signed)).copied()?;
        (Instant::now() < until).then(|| kept == digest(key))
    }

    /// Whether what was signed comes with the key it first came with, which is remembered for `life`.
    pub(super) fn keep_key(&self, signed: &str, key: &str, life: Duration) -> bool {
        let (now, key) = (Instant::now(), digest(key));
        let mut inner = self.lock();
        let (kept, until) = inner.keys.entry(digest(signed)).or_insert((key, now + life));
        if *until <= now {
            (*kept, *until) = (key, now + life);
        }
        *kept == key
    }
}

impl Taken {
    /// The creation begins now.
    fn begin(&mut self) {
        if let Self::UnderWay(since) = self {
            *since = Instant::now();
        }
    }

    /// Whether its creation surely has ended, and nobody has heard how.
    fn is_over(self, give_up: Duration) -> bool {
        matches!(self, Self::UnderWay(since) if since.elapsed() >= give_up)
    }
}

impl Inner {
    fn date_anew(&mut self, reference: Reference, left_open: bool) {
        let Some(claim) = self.claims.get_mut(&reference) else { return };
        (claim.since, claim.left_open) = (Instant::now(), left_open);
        if let Some(places) = claim.day.and_then(|day| self.days.get_mut(&day)).map(|day| &mut day.places) {
            places.entry(reference).and_modify(Taken::begin);
        }
    }

    fn day(&mut self, mark: DayMark) -> &mut Day {
        self.days.entry(mark).or_insert_with(|| Day { places: HashMap::new(), counted: None, since: Instant::now() })
    }

    /// Forgets what is older than [`MEMORY`], now and then, so that the memory stays bounded.
    fn sweep(&mut self) {
        let held = self.held();
        if held < self.sweep_at.max(SWEEP_EVERY) {
            return;
        }
        self.tickets.retain(|_, (_, since)| since.elapsed() < MEMORY);
        self.days.retain(|_, day| day.since.elapsed() < MEMORY);
        self.notices.retain(|_, since| since.elapsed() < MEMORY);
        self.claims.retain(|_, claim| claim.since.elapsed() < MEMORY);
        self.failures.retain(|_, (_, _, since)| since.elapsed() < MEMORY);
        let now = Instant::now();
        self.keys.retain(|_, (_, until)| now < *until);
        self.sweep_at = self.held() + SWEEP_EVERY;
    }

    fn held(&self) -> usize {
        let of_requests = self.tickets.len() + self.days.len() + self.claims.len() + self.failures.len();
        of_requests + self.notices.len() + self.keys.len()
    }
}

fn digest(text: &str) -> Digest {
    Sha256::digest(text).into()
}
