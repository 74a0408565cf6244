//! The tickets that GLPI has of the last hours, read once and then on: instead of a search for each request that may have
//! come before. What is asked for at the same moment is read in one call.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp, civil::DateTime};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};

use super::{
    oldest::OldestTicket,
    reach::{CLOCK_MARGIN, hours_since},
};
use crate::{
    glpi::{Criterion, FoundTicket, Glpi},
    id::TicketId,
    request::{DayMark, Reference},
};

/// How far back it is read at most, hours: the day a portal repeats its forms in, and a margin. What may have come
/// before is searched for.
const FARTHEST: i64 = 27;
/// Tickets that are read at most: six seconds of a GLPI. Where there are more, each request is searched for.
const MOST: usize = 30_000;
/// After a reading that came to nothing, the next one.
const AGAIN_AFTER: Duration = Duration::from_mins(10);
/// A ticket has its number before others see it: so many numbers are read again, far more than GLPI is at at once.
const OVERLAP: u64 = 20;
/// Those who are about to ask the same are waited for.
const MOMENT: Duration = Duration::from_millis(1);

/// The tickets of the hours that were asked for.
#[derive(Debug, Default)]
pub(super) struct Past(Mutex<Read>);

#[derive(Debug, Default)]
struct Read {
    /// Those that open with a reference.
    tickets: BTreeMap<TicketId, PastTicket>,
    /// The highest number of all, when there is any.
    newest: Option<TicketId>,
    /// How far they go, once they are read.
    extent: Option<Extent>,
    not_before: Option<Instant>,
}

/// What was read is all there was…
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// … from then on…
    since: Timestamp,
    /// … at this moment, on the clock and as time passes.
    at: (Timestamp, Instant),
}

#[derive(Debug)]
struct PastTicket {
    ticket: OldestTicket,
    day: Option<DayMark>,
}

/// For what the past is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// It must reach back to this moment.
    pub(super) since: Timestamp,
    /// It is read back to here if it is read, since that is asked for next.
    pub(super) best: Timestamp,
    /// It must have been read after this, when all that was under way unknown had ended; `None`, and as long as that lies
    /// ahead: after it is asked for.
    pub(super) read_after: Option<Timestamp>,
}

impl Past {
    /// The oldest ticket that opens with one of these references; the outer `None` where the past does not say.
    pub(super) async fn oldest(&self, glpi: &Glpi, reach: Reach, names: &[Reference]) -> Option<Option<OldestTicket>> {
        let read = self.reaching(glpi, reach).await?;
        Some(read.tickets.values().map(|past| past.ticket).find(|ticket| names.contains(&ticket.reference)))
    }

    /// The references of the tickets with this day's mark; `None` where the past does not say.
    pub(super) async fn of_the_day(&self, glpi: &Glpi, reach: Reach, day: DayMark) -> Option<Vec<Reference>> {
        let read = self.reaching(glpi, reach).await?;
        let of_the_day = read.tickets.values().filter(|past| past.day == Some(day));
        Some(of_the_day.map(|past| past.ticket.reference).collect())
    }

    /// What was read, once it reaches that far.
    async fn reaching(&self, glpi: &Glpi, reach: Reach) -> Option<MutexGuard<'_, Read>> {
        let (asked, now) = (Instant::now(), Timestamp::now());
        let farthest = now - SignedDuration::from_hours(FARTHEST);
        let since = reach.since - CLOCK_MARGIN;
        if since < farthest {
            return None;
        }
        let is_read = |Extent { at: (moment, at), .. }: Extent| match reach.read_after {
            Some(settled) if settled <= now => moment >= settled,
            _ => at >= asked,
        };
        let mut read = self.0.lock().await;
        let extent = read.extent.filter(|extent| extent.since <= since);
        if extent.is_some_and(is_read) {
            return Some(read);
        }
        if read.not_before.is_some_and(|moment| Instant::now() < moment) {
            return None;
        }
        tokio::time::sleep(MOMENT).await;
        match extent {
            Some(extent) if read.tickets.len() <= MOST => read.go_on(glpi, extent).await?,
            _ => read.begin(glpi, hours_since(reach.since.min(reach.best.max(farthest)))).await?,
        }
        Some(read)
    }
}

impl Read {
    /// Reads so many hours anew; `None` where that cannot be, or these are too many.
    async fn begin(&mut self, glpi: &Glpi, hours: u32) -> Option<()> {
        let at = (Timestamp::now(), Instant::now());
        let mut fresh = Self::default();
        match glpi.openings(Criterion::OpenedWithin(hours), MOST, |found| fresh.take(&found)).await {
            Ok(true) => {
                // An hour of GLPI's local time may be missing.
                let since = at.0 - SignedDuration::from_hours(i64::from(hours) - 1);
                *self = Self { extent: Some(Extent { since, at }), ..fresh };
                Some(())
            }
            unread => {
                tracing::debug!(?unread, "the last hours' tickets were not read: each request is searched for");
                self.not_before = Some(Instant::now() + AGAIN_AFTER);
                None
            }
        }
    }

    /// Reads what has come since; `None` where that cannot be now.
    async fn go_on(&mut self, glpi: &Glpi, extent: Extent) -> Option<()> {
        let at = (Timestamp::now(), Instant::now());
        let behind = self.newest.map_or(0, |newest| newest.get().saturating_sub(OVERLAP));
        let mut new = Vec::new();
        let is_all = glpi.openings(Criterion::Above(behind.into()), MOST, |found| new.push(found)).await.ok()?;
        if !is_all {
            // More than can be: it is read anew.
            self.extent = None;
            return None;
        }
        for found in &new {
            self.take(found);
        }
        self.extent = Some(Extent { at, ..extent });
        Some(())
    }

    fn take(&mut self, found: &FoundTicket) {
        self.newest = self.newest.max(Some(found.id));
        if let Some(past) = past_ticket(found) {
            self.tickets.insert(found.id, past);
        }
    }
}

fn past_ticket(found: &FoundTicket) -> Option<PastTicket> {
    let opened: Option<DateTime> = found.opened;
    let ticket = OldestTicket { number: found.id, reference: Reference::find(&found.content)?, opened };
    Some(PastTicket { ticket, day: DayMark::find(&found.content) })
}
