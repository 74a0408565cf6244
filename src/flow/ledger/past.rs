//! What GLPI had before a memory began, this process's own or Redis's, read in one call: instead of a search for each
//! request that may have come before.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, civil::DateTime};
use tokio::{sync::Mutex, time::Instant};

use super::{
    oldest::OldestTicket,
    reach::{CLOCK_MARGIN, hours_since},
};
use crate::{
    glpi::{FoundTicket, Glpi},
    request::{DayMark, Reference},
};

/// How far back it is read at most, hours: the day a portal repeats its forms in, and a margin. What may have come
/// before is searched for.
const FARTHEST: i64 = 27;
/// Tickets that are read at most: two seconds of a GLPI. Where there are more, each request is searched for.
const MOST: usize = 10_000;
/// After a reading that came to nothing, the next one.
const AGAIN_AFTER: Duration = Duration::from_mins(10);
/// A memory that begins again and again, such as that of a Redis that has too little room, has it read so often at most.
const ANEW_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// The tickets of the hours before a memory began.
#[derive(Debug, Default)]
pub(super) struct Past(Mutex<Read>);

#[derive(Debug, Default)]
struct Read {
    tickets: Vec<PastTicket>,
    /// From when on these are all there were, and when they were read.
    since: Option<(Timestamp, Timestamp)>,
    not_before: Option<Instant>,
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
    /// It must have been read after this: a gateway before this one had ended all it was at.
    pub(super) read_after: Timestamp,
}

impl Reach {
    /// Whether what goes back to `since` goes back far enough.
    fn is_within(&self, since: Timestamp) -> bool {
        since <= self.since - CLOCK_MARGIN
    }
}

impl Past {
    /// The oldest ticket that opens with one of these references; the outer `None` where the past does not say.
    pub(super) async fn oldest(&self, glpi: &Glpi, reach: Reach, names: &[Reference]) -> Option<Option<OldestTicket>> {
        let read = self.reaching(glpi, reach).await?;
        let own = read.tickets.iter().map(|past| past.ticket).filter(|ticket| names.contains(&ticket.reference));
        Some(own.min_by_key(|ticket| ticket.number))
    }

    /// The references of the tickets with this day's mark; `None` where the past does not say.
    pub(super) async fn of_the_day(&self, glpi: &Glpi, reach: Reach, day: DayMark) -> Option<Vec<Reference>> {
        let read = self.reaching(glpi, reach).await?;
        let of_the_day = read.tickets.iter().filter(|past| past.day == Some(day));
        Some(of_the_day.map(|past| past.ticket.reference).collect())
    }

    /// What was read, once it reaches that far.
    async fn reaching(&self, glpi: &Glpi, reach: Reach) -> Option<tokio::sync::MutexGuard<'_, Read>> {
        let now = Timestamp::now();
        let farthest = now - SignedDuration::from_hours(FARTHEST);
        if reach.since - CLOCK_MARGIN < farthest || now < reach.read_after {
            return None;
        }
        let mut read = self.0.lock().await;
        if read.reaches(reach) {
            return Some(read);
        }
        let is_new = read.since.is_some_and(|(since, at)| reach.is_within(since) && now < at + ANEW_AFTER);
        if is_new || read.not_before.is_some_and(|moment| Instant::now() < moment) {
            return None;
        }
        let hours = hours_since(reach.since.min(reach.best.max(farthest)));
        let mut tickets = Vec::new();
        match glpi.tickets_of_hours(hours, MOST, |found| tickets.extend(past_ticket(&found))).await {
            Ok(true) => {
                // An hour of GLPI's local time may be missing.
                *read = Read {
                    tickets,
                    since: Some((now - SignedDuration::from_hours(i64::from(hours) - 1), now)),
                    not_before: None,
                };
            }
            unread => {
                tracing::debug!(?unread, "the last hours' tickets were not read: each request is searched for");
                read.not_before = Some(Instant::now() + AGAIN_AFTER);
            }
        }
        read.reaches(reach).then_some(read)
    }
}

impl Read {
    fn reaches(&self, reach: Reach) -> bool {
        self.since.is_some_and(|(since, read_at)| reach.is_within(since) && read_at >= reach.read_after)
    }
}

fn past_ticket(found: &FoundTicket) -> Option<PastTicket> {
    let opened: Option<DateTime> = found.opened;
    let ticket = OldestTicket { number: found.id, reference: Reference::find(&found.content)?, opened };
    Some(PastTicket { ticket, day: DayMark::find(&found.content) })
}
