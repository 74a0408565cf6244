//! What one process remembers: tickets by reference, and the places taken in each requester's day.
//!
//! It is the whole memory where one instance runs alone, and beside Redis it knows this instance's own
//! work, so that a flush or an outage of Redis does not make the instance forget what is under way.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::request::{DayMark, Reference};

/// How long a ticket or a day is remembered. Older copies are looked for in GLPI.
pub(super) const MEMORY: Duration = Duration::from_hours(8 * 24);
/// Entries are swept out when this many more than at the last sweep are held.
const SWEEP_EVERY: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    tickets: HashMap<Reference, (u64, Instant)>,
    /// The requests whose ticket is being made, or nobody knows whether it was: since when.
    claims: HashMap<Reference, Instant>,
    days: HashMap<DayMark, Day>,
    notices: HashMap<(DayMark, String), Instant>,
    /// How often a request failed, how often alone, and when it last did.
    failures: HashMap<Reference, (u32, u32, Instant)>,
    /// When a ticket was last made.
    last_made: Option<Instant>,
    sweep_at: usize,
}

#[derive(Debug)]
struct Day {
    places: HashMap<Reference, Taken>,
    /// GLPI has been asked for the places taken before this process began.
    counted: bool,
    since: Instant,
}

/// What a reserved place is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// The ticket is being made.
    UnderWay,
    /// The ticket is there.
    Made,
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
    /// An earlier attempt may still be under way.
    Busy,
}

/// What a reservation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reservation {
    /// The request has a place.
    Reserved,
    /// All are taken.
    Full,
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
    pub(super) fn ticket(&self, references: impl IntoIterator<Item = Reference>) -> Option<(Reference, u64)> {
        let inner = self.lock();
        references
            .into_iter()
            .find_map(|reference| inner.tickets.get(&reference).map(|(ticket, _)| (reference, *ticket)))
    }

    /// Claims a request, unless an earlier attempt whose end nobody knows may still be under way.
    pub(super) fn claim(&self, reference: Reference, aliases: &[Reference], give_up: Duration) -> Claimed {
        let mut inner = self.lock();
        let open = [reference].iter().chain(aliases).find_map(|name| inner.claims.get(name).copied());
        if open.is_some_and(|since| since.elapsed() < give_up) {
            return Claimed::Busy;
        }
        inner.claims.insert(reference, Instant::now());
        if open.is_some() { Claimed::Inherited } else { Claimed::Fresh }
    }

    /// Whether one of these requests may still be under way in GLPI.
    pub(super) fn is_open(&self, references: &[Reference], give_up: Duration) -> bool {
        let inner = self.lock();
        references.iter().any(|name| inner.claims.get(name).is_some_and(|since| since.elapsed() < give_up))
    }

    /// Dates a claim anew: what it covers begins now.
    pub(super) fn renew(&self, reference: Reference) {
        self.lock().claims.insert(reference, Instant::now());
    }

    /// The claimed request surely has no ticket of this process.
    pub(super) fn release(&self, reference: Reference) {
        self.lock().claims.remove(&reference);
    }

    /// Remembers a request's ticket. `new`: it takes a place in the day, where it counts for one, even if none
    /// was reserved.
    pub(super) fn settle(&self, reference: Reference, day: Option<DayMark>, ticket: u64, new: bool) {
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

    /// Takes a place in a day. `remembers_the_day`: this memory began before the day did.
    pub(super) fn reserve(
        &self,
        reference: Reference,
        day: DayMark,
        limit: u32,
        remembers_the_day: bool,
    ) -> Reservation {
        let mut inner = self.lock();
        let day = inner.day(day);
        if !remembers_the_day && !day.counted {
            return Reservation::Recount;
        }
        if day.places.contains_key(&reference) {
            return Reservation::Reserved;
        }
        if day.places.len() >= limit as usize {
            return Reservation::Full;
        }
        day.places.insert(reference, Taken::UnderWay);
        Reservation::Reserved
    }

    /// Enters what GLPI has of a day.
    pub(super) fn recounted(&self, day: DayMark, made: impl IntoIterator<Item = Reference>) {
        let mut inner = self.lock();
        let day = inner.day(day);
        day.counted = true;
        day.places.extend(made.into_iter().map(|reference| (reference, Taken::Made)));
    }

    /// Gives a place back whose ticket was not made.
    pub(super) fn give_back(&self, reference: Reference, day: DayMark) {
        let mut inner = self.lock();
        let day = inner.day(day);
        if day.places.get(&reference) == Some(&Taken::UnderWay) {
            day.places.remove(&reference);
        }
    }

    /// The places of a day whose tickets this process is making right now: GLPI cannot know them yet.
    pub(super) fn under_way(&self, day: DayMark) -> Vec<Reference> {
        let inner = self.lock();
        let places = inner.days.get(&day).map(|day| &day.places);
        places
            .into_iter()
            .flatten()
            .filter(|(_, taken)| **taken == Taken::UnderWay)
            .map(|(&reference, _)| reference)
            .collect()
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
}

impl Inner {
    fn day(&mut self, mark: DayMark) -> &mut Day {
        self.days.entry(mark).or_insert_with(|| Day { places: HashMap::new(), counted: false, since: Instant::now() })
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
        self.claims.retain(|_, since| since.elapsed() < MEMORY);
        self.failures.retain(|_, (_, _, since)| since.elapsed() < MEMORY);
        self.sweep_at = self.held() + SWEEP_EVERY;
    }

    fn held(&self) -> usize {
        self.tickets.len() + self.days.len() + self.notices.len() + self.claims.len() + self.failures.len()
    }
}
