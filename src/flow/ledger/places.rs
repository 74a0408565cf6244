//! The places of a requester's day: so many tickets, and no more.

use std::time::Duration;

use jiff::{Timestamp, Zoned};
use tokio::time::Instant;

use super::{
    ASK_EVERY, Ledger, WAIT_FOR_UNKNOWN,
    memory::{OfTheDay, Reservation},
    past::Reach,
    reach::{CLOCK_MARGIN, hours_since},
    reason_of,
    redis::{Counted, Redis},
};
use crate::{
    flow::screen::{Candidate, DayPlace},
    glpi::{Glpi, GlpiError},
    request::{Address, DayMark, Reason, Reference},
};

/// A mail may have been under way for longer than its day.
const A_DAY: Duration = Duration::from_hours(24);

impl Ledger {
    /// Takes a place in the requester's day, counting in GLPI where the memory does not reach back to the
    /// day's beginning. Where only what may or may not become a ticket stands in the way, its end is waited for.
    pub async fn reserve(&self, candidate: &Candidate) -> DayPlace {
        let day = candidate.day_mark();
        let began = Instant::now();
        loop {
            let reservation = {
                let _one_at_a_time = self.day_locks.lock(day).await;
                self.try_reserve(candidate, day).await
            };
            match reservation {
                Ok(Reservation::Reserved) => return DayPlace::Reserved,
                Ok(Reservation::Full) => return DayPlace::Full,
                Ok(Reservation::Unsettled) if began.elapsed() < WAIT_FOR_UNKNOWN => {}
                Ok(Reservation::Unsettled) => {
                    return DayPlace::Unknown {
                        reason: Reason::Busy,
                        cause: "the last places of the day may be taken by requests under way in GLPI".to_owned(),
                    };
                }
                // A recount that was just entered cannot be asked for again but by a Redis flushed in between.
                Ok(Reservation::Recount) => {
                    return DayPlace::Unknown {
                        reason: Reason::CacheUnavailable,
                        cause: "Redis was emptied while the day was being counted".to_owned(),
                    };
                }
                Err((reason, cause)) => return DayPlace::Unknown { reason, cause },
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    async fn try_reserve(&self, candidate: &Candidate, day: DayMark) -> Result<Reservation, (Reason, String)> {
        let reference = candidate.received().reference;
        let day_began = match candidate.arrived().start_of_day() {
            Ok(start) => start.timestamp(),
            Err(_) => Timestamp::MIN,
        };
        let alone = self.shared.is_none();
        let remembered = alone && day_began >= self.began + CLOCK_MARGIN;
        let mut unseen = (!remembered).then_some((self.in_doubt_until.into_std(), self.sessions));
        if let Some(redis) = &self.shared {
            match self.reserve_shared(redis, reference, day, day_began).await? {
                Some(Reservation::Reserved) => {
                    // So that a later recount knows what is under way here.
                    self.local.enter(reference, day);
                    return Ok(Reservation::Reserved);
                }
                Some(other) => return Ok(other),
                None => {
                    self.local.recounted(day, self.count(day_began, day).await?, self.give_up);
                    if !redis.goes_first() {
                        // The last place is for who goes first: both count the same.
                        unseen = Some(((Instant::now() + WAIT_FOR_UNKNOWN).into_std(), 1));
                    }
                }
            }
        }
        let of_the_day = OfTheDay { limit: self.per_day, remembered, unseen };
        match self.local.reserve(reference, day, of_the_day, self.give_up) {
            Reservation::Recount => {
                let found = self.count(day_began, day).await?;
                self.local.recounted(day, found, self.give_up);
                Ok(self.local.reserve(reference, day, of_the_day, self.give_up))
            }
            reservation => Ok(reservation),
        }
    }

    /// How many more requests this person may make on the day of this moment; `None` where nobody can say now. Nothing is
    /// reserved, and GLPI is asked only where no memory reaches back to the day's beginning.
    pub async fn left(&self, requester: &Address, now: &Zoned) -> Option<u32> {
        let day = DayMark::new(requester, now.date());
        let day_began = now.start_of_day().ok()?.timestamp();
        let taken = match &self.shared {
            Some(redis) => redis.taken(day, age_of(day_began)).await.ok()?,
            None => self.local.taken(day, day_began >= self.began + CLOCK_MARGIN),
        };
        let taken = match taken {
            Some(taken) => taken,
            None => self.counted(day, day_began).await?,
        };
        Some(self.per_day.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX)))
    }

    /// The references of the tickets with a day's mark, from what was read of the last hours' tickets; `None` where they are
    /// to be searched for. They are read on where a ticket may have come since: another instance's, one that a gateway before
    /// this one was at, or one of somebody who has had a place here since, of which nobody heard.
    async fn in_past_day(&self, day_began: Timestamp, day: DayMark) -> Option<Vec<Reference>> {
        let is_known = self.shared.is_none() && Instant::now() >= self.in_doubt_until && !self.local.has_places(day);
        let read_after = is_known.then_some(self.began + CLOCK_MARGIN);
        self.past.of_the_day(&self.glpi, Reach { since: day_began, best: day_began, read_after }, day).await
    }

    /// When the academy's day began.
    pub(super) fn start_of_today(&self) -> Timestamp {
        let now = Timestamp::now();
        now.to_zoned(self.time_zone.clone()).start_of_day().map_or(now, |start| start.timestamp())
    }

    /// How many tickets GLPI has of a day; remembered, unless others may be under way that nobody knows.
    async fn counted(&self, day: DayMark, day_began: Timestamp) -> Option<usize> {
        let _one_at_a_time = self.day_locks.lock(day).await;
        let found = self.count(day_began, day).await.ok()?;
        if self.shared.is_none() && Instant::now() >= self.in_doubt_until {
            self.local.recounted(day, found, self.give_up);
            return self.local.taken(day, false);
        }
        Some(found.len())
    }

    /// `None`: Redis is away, and the gateway goes on without it.
    async fn reserve_shared(
        &self,
        redis: &Redis,
        reference: Reference,
        day: DayMark,
        day_began: Timestamp,
    ) -> Result<Option<Reservation>, (Reason, String)> {
        let age = age_of(day_began);
        let limits = (self.per_day, self.sessions);
        let first = match redis.reserve(reference, day, limits, age, None).await {
            Ok(Reservation::Recount) => {
                let found = self.count(day_began, day).await?;
                let mut under_way = self.local.under_way(day, self.give_up);
                under_way.retain(|other| *other != reference);
                let counted = Counted { found: &found, under_way: &under_way };
                redis.reserve(reference, day, limits, age, Some(counted)).await
            }
            other => other,
        };
        match first {
            Ok(reservation) => Ok(Some(reservation)),
            Err(error) => self.without_redis("reserve", &error).map(|()| None),
        }
    }

    /// Whether the day has room for one more than GLPI has, which surely is not there under this reference.
    pub(super) async fn has_room(&self, glpi: &Glpi, day: DayMark, reference: Reference) -> bool {
        let counted = count(glpi, Timestamp::now() - A_DAY, day).await;
        counted.is_ok_and(|found| {
            let others = found.iter().filter(|other| **other != reference);
            others.count() < usize::try_from(self.per_day).unwrap_or(usize::MAX)
        })
    }

    /// The references of the tickets GLPI has with this day's mark.
    async fn count(&self, day_began: Timestamp, day: DayMark) -> Result<Vec<Reference>, (Reason, String)> {
        if let Some(found) = self.in_past_day(day_began, day).await {
            return Ok(found);
        }
        count(&self.glpi, day_began, day).await.map_err(|error| (reason_of(&error), error.to_string()))
    }
}

/// How long ago a day began, a margin for clocks included.
fn age_of(day_began: Timestamp) -> Duration {
    Duration::try_from(Timestamp::now().duration_since(day_began - CLOCK_MARGIN)).unwrap_or_default()
}

/// The references of the tickets that GLPI has with a day's mark, of those opened since then.
async fn count(glpi: &Glpi, since: Timestamp, day: DayMark) -> Result<Vec<Reference>, GlpiError> {
    let found = glpi.tickets_containing(&[&day.to_string()], hours_since(since.min(Timestamp::now()))).await?;
    let of_the_day = found.iter().filter(|ticket| DayMark::find(&ticket.content) == Some(day));
    Ok(of_the_day.filter_map(|ticket| Reference::find(&ticket.content)).collect())
}
