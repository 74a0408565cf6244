//! What the gateway remembers between requests, and when that memory may be believed.
//!
//! GLPI is the only record; this is a cache of it. It answers two questions: does this request have a
//! ticket already, and how many has the requester had today? Both memories, this process's own and Redis,
//! know since when they remember. About anything that may have happened before that, GLPI is asked: for
//! the reference, or for the mark of the requester's day, both written into every ticket. So a flushed
//! Redis, a restart or a fail-over costs a few searches and nothing else.
//!
//! GLPI cannot say what it is still at. When a memory begins, what was begun before may be under way for a while
//! (`glpi.aftermath`): a request that can have been tried before is then looked for until that time is over, and
//! only then believed not to have a ticket. The same goes for the places of a day: nobody is refused for what may or
//! may not become a ticket.

mod in_flight;
mod leases;
mod memory;
mod redis;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use secrecy::SecretSlice;
use tokio::{sync::Mutex, time::Instant};

pub use self::memory::Failures;
use self::{
    in_flight::{End, Flight, Flights, end_of},
    leases::{LIFE, Leases},
    memory::{Claimed, MEMORY, Memory, OfTheDay, Reservation},
    redis::{Counted, Held, Redis, Seen},
};
use crate::{
    config::{Backend, Config, ConfigError, WhenDown},
    flow::screen::{Candidate, DayPlace, MayFollowUp, Reply},
    glpi::{Glpi, GlpiError},
    request::{Address, DayMark, FollowupOpening, Reason, Received, Reference},
};

/// Clocks differ, and a mail's dates are made by other machines: what happened this close to the moment a
/// memory began is checked against GLPI too.
const CLOCK_MARGIN: SignedDuration = SignedDuration::from_secs(120);
/// How long a copy waits for another instance that is at the same request, and how often it looks.
const WAIT_FOR_OTHER: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// How long a request waits for what may be under way before its sender is told to come again, and how often GLPI is
/// asked meanwhile.
const WAIT_FOR_UNKNOWN: Duration = Duration::from_secs(20);
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often a creation under way asserts its claim in Redis, and how often those left open are.
const ASSERT_EVERY: Duration = Duration::from_millis(250);
/// GLPI is never searched further back than this: a relay's queue needs days, a mailbox may keep a message longer.
const LONGEST_SEARCH_DAYS: i64 = 400;

/// The memory of one instance, and of all of them where Redis is configured.
pub struct Ledger {
    glpi: Glpi,
    local: Memory,
    shared: Option<Redis>,
    when_down: WhenDown,
    per_day: u32,
    /// After so long a creation surely has ended, and nobody heard how.
    give_up: Duration,
    /// For so long what was begun before a memory was may be under way.
    aftermath: Duration,
    /// What GLPI does for one instance at a time, at most.
    sessions: u32,
    time_zone: TimeZone,
    /// What is older than this when a gateway begins, nobody is told of any more.
    look_back: SignedDuration,
    began: Timestamp,
    /// Until when a gateway before this one may have something under way of which no memory knows.
    in_doubt_until: Instant,
    in_flight: Flights,
    leases: Leases,
    /// One reservation at a time per requester's day (by hash): a recount sees every earlier reservation
    /// of this process.
    day_locks: [Mutex<()>; 64],
}

/// What is known of a request before its ticket is made.
#[derive(Debug)]
pub enum ClaimResult {
    /// Nobody has made or is making its ticket: this caller shall.
    Mine(OpenClaim),
    /// It has a ticket that was confirmed.
    Known(KnownTicket),
    /// It has a ticket that this memory has not seen confirmed: an attempt may have ended half way. The caller reads it
    /// back, and ends with [`Ledger::confirm`] or [`Ledger::leave_open`].
    Found(OpenClaim, KnownTicket),
    /// It cannot be said now.
    Unknown {
        /// What could not be had.
        reason: Reason,
        /// Which server said what.
        cause: String,
    },
}

/// The ticket of a request that has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownTicket {
    /// GLPI's number.
    pub ticket: u64,
    /// The reference it carries: the request's own, or the alias under which its first copy came.
    pub reference: Reference,
    /// Whether an earlier copy was answered with it; false where an earlier attempt ended without knowing whether
    /// it had made the ticket.
    pub answered: bool,
    /// Whether the requester was sent its receipt.
    pub told: Told,
}

/// Whether a requester was sent the receipt of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Surely.
    Yes,
    /// Surely not: this process made it, and did not get so far.
    No,
    /// A gateway that ended may have ended before or after it.
    Perhaps,
}

impl KnownTicket {
    /// A ticket that a memory knows: its maker has told of it.
    fn remembered(reference: Reference, ticket: u64) -> Self {
        Self { ticket, reference, answered: true, told: Told::Yes }
    }
}

/// The right and duty to make a request's ticket. Ends with [`Ledger::settle`], [`Ledger::release`] or
/// [`Ledger::leave_open`]; dropped without one of them, it is left open.
#[derive(Debug)]
pub struct OpenClaim {
    reference: Reference,
    becomes: Becomes,
    flight: Flight,
    /// How often Redis could not be told something before it was asked for.
    misses: u64,
}

/// What a request becomes in GLPI, and so where an earlier copy of it is found there.
#[derive(Clone, Copy, Debug)]
enum Becomes {
    /// A ticket, which takes a place in this day.
    Ticket(DayMark),
    /// A follow-up of this ticket, which takes none.
    Followup(u64),
}

impl Becomes {
    fn day(self) -> Option<DayMark> {
        match self {
            Self::Ticket(day) => Some(day),
            Self::Followup(_) => None,
        }
    }
}

/// Whether a request has a ticket, and who says so.
enum Has {
    /// A memory, into which confirmed tickets alone come.
    Remembered(KnownTicket),
    /// GLPI: an earlier attempt may have left it half made.
    InGlpi(KnownTicket),
    Nothing,
}

/// Why it cannot be said whether a request has a ticket.
struct Uncertain {
    reason: Reason,
    cause: String,
    /// A ticket may be in the making: the claim must stay.
    leave_open: bool,
}

impl Ledger {
    /// The ledger of this configuration. `give_up` is the time after which a creation under way surely has
    /// ended, one way or the other.
    pub fn new(
        config: &Config,
        glpi: Glpi,
        key_secret: SecretSlice<u8>,
        give_up: Duration,
    ) -> Result<Self, ConfigError> {
        let aftermath = config.glpi.aftermath.min(give_up);
        let shared = match config.quota.backend {
            Backend::Memory => None,
            Backend::Redis => Some(Redis::new(&config.redis, key_secret, instance_token(), give_up, aftermath)?),
        };
        Ok(Self {
            glpi,
            local: Memory::default(),
            shared,
            when_down: config.redis.when_down,
            per_day: config.quota.per_day,
            give_up,
            aftermath,
            sessions: u32::try_from(config.glpi.sessions).unwrap_or(u32::MAX),
            time_zone: config.time_zone.clone(),
            look_back: SignedDuration::try_from(config.sweep.look_back).unwrap_or(SignedDuration::MAX),
            began: Timestamp::now(),
            in_doubt_until: Instant::now() + aftermath,
            in_flight: Flights::default(),
            leases: Leases::default(),
            day_locks: std::array::from_fn(|_| Mutex::new(())),
        })
    }

    /// Keeps Redis told, as long as this instance serves: that it is there, and what it has left open.
    pub async fn keep(&self) {
        let Some(redis) = &self.shared else { return };
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                _ = seconds.tick() => {
                    if let Err(error) = redis.appear().await {
                        tracing::debug!(%error, "Redis was not told that this instance is at work");
                    }
                }
                () = tokio::time::sleep(ASSERT_EVERY) => {}
            }
            for open in self.local.left_open(self.give_up) {
                if let Err(error) = redis.assert(open.reference, open.day, open.age).await {
                    tracing::debug!(%error, "Redis was not told of a claim that was left open");
                    break;
                }
            }
        }
    }

    /// Claims a request: exactly one of its copies, here or at another instance, is told to make the ticket.
    pub async fn claim(&self, candidate: &Candidate) -> ClaimResult {
        self.claim_as(candidate.received(), Becomes::Ticket(candidate.day_mark())).await
    }

    /// Claims a reply: exactly one of its copies is told to add it to this ticket. [`KnownTicket::ticket`] is the
    /// ticket it was added to.
    pub async fn claim_reply(&self, reply: &Reply, accepted: MayFollowUp) -> ClaimResult {
        self.claim_as(reply.received(), Becomes::Followup(accepted.ticket())).await
    }

    async fn claim_as(&self, received: &Received, becomes: Becomes) -> ClaimResult {
        loop {
            let flight = match self.in_flight.begin(received.reference, &received.aliases) {
                Ok(flight) => flight,
                Err(other) => match end_of(other).await {
                    End::Ticket(reference, ticket) => {
                        return ClaimResult::Known(KnownTicket::remembered(reference, ticket));
                    }
                    End::NoTicket => continue,
                    End::Open => {
                        return ClaimResult::Unknown {
                            reason: Reason::Busy,
                            cause: "another copy of this request could not be finished".to_owned(),
                        };
                    }
                },
            };
            let misses = self.shared.as_ref().map_or(0, Redis::misses);
            let mine = OpenClaim { reference: received.reference, becomes, flight, misses };
            return match self.known(received, becomes).await {
                Ok(Has::Remembered(known)) => {
                    self.confirm(mine, known).await;
                    ClaimResult::Known(known)
                }
                Ok(Has::InGlpi(known)) => ClaimResult::Found(mine, known),
                Ok(Has::Nothing) => ClaimResult::Mine(mine),
                Err(Uncertain { reason, cause, leave_open }) => {
                    if leave_open {
                        mine.flight.land(End::Open);
                    } else {
                        self.give_up_claim(mine, End::Open).await;
                    }
                    ClaimResult::Unknown { reason, cause }
                }
            };
        }
    }

    /// The ticket of a claim is whole, its requester was told, and this memory may say so.
    pub async fn confirm(&self, mine: OpenClaim, known: KnownTicket) {
        // Under the name it has, and no other: the ten minutes of a repeat would begin anew.
        self.remember(known.reference, mine.becomes.day(), known.ticket, !known.answered).await;
        let end = End::Ticket(known.reference, known.ticket);
        if known.reference == mine.reference {
            mine.flight.land(end);
        } else {
            self.give_up_claim(mine, end).await;
        }
    }

    /// The ticket of a claim is another request's of the same name: the name leads to it from now on.
    pub async fn leave_to_another(&self, mine: OpenClaim, known: KnownTicket) {
        self.remember(known.reference, None, known.ticket, false).await;
        self.give_up_claim(mine, End::Ticket(known.reference, known.ticket)).await;
    }

    /// The ticket a request has, asking GLPI where no memory can say; again and again where it may just be made.
    async fn known(&self, received: &Received, becomes: Becomes) -> Result<Has, Uncertain> {
        if let Some((reference, ticket)) = self.local.ticket(names(received)) {
            return Ok(Has::Remembered(KnownTicket::remembered(reference, ticket)));
        }
        let busy = |cause: &str| Uncertain { reason: Reason::Busy, cause: cause.to_owned(), leave_open: true };
        let claimed = self.local.claim(received.reference, &received.aliases, becomes.day(), self.give_up);
        if claimed == Claimed::Busy {
            return Err(busy("an earlier attempt may still be under way in GLPI"));
        }
        let began = Instant::now();
        let mut inherited = claimed != Claimed::Fresh;
        let (mut in_doubt_until, mut was_missing) = (None, false);
        loop {
            let belief = match &self.shared {
                None => self.own_belief(),
                Some(redis) => match self.claim_shared(redis, received).await {
                    Ok(Held::Ticket(reference, ticket)) => {
                        return Ok(Has::Remembered(KnownTicket::remembered(reference, ticket)));
                    }
                    Ok(Held::Busy) => {
                        if !inherited {
                            self.local.release(received.reference);
                        }
                        return Err(busy("another instance is at the same request"));
                    }
                    Ok(Held::Claimed { inherited: from_another, remembers_since, in_doubt }) => {
                        inherited |= from_another;
                        Belief { complete_since: Some(remembers_since), in_doubt_until: Instant::now() + in_doubt }
                    }
                    Err(error) => {
                        self.without_redis("claim", &error).map_err(|(reason, cause)| Uncertain {
                            reason,
                            cause,
                            leave_open: inherited,
                        })?;
                        self.belief_without_redis(redis, began)
                    }
                },
            };
            if !inherited && belief.covers(received.copies_since) {
                return Ok(Has::Nothing);
            }
            let failed = |error: GlpiError| Uncertain {
                reason: reason_of(&error),
                cause: error.to_string(),
                leave_open: inherited,
            };
            if let Some(found) = self.search(received, becomes).await.map_err(failed)? {
                let (reference, ticket, opened) = found;
                // What appears while it is waited for, another instance makes, and tells of.
                let is_another_s = was_missing && self.has_others();
                let in_doubt = belief.complete_since.is_none() || self.may_be_untold(opened);
                let told = match becomes {
                    Becomes::Ticket(_) if claimed == Claimed::Own => Told::No,
                    Becomes::Ticket(_) if inherited || in_doubt && !is_another_s => Told::Perhaps,
                    Becomes::Ticket(_) | Becomes::Followup(_) => Told::Yes,
                };
                return Ok(Has::InGlpi(KnownTicket { ticket, reference, answered: !inherited, told }));
            }
            was_missing = true;
            // An inherited claim's time is over. Of the others, what came only later can have no earlier copy.
            let until = *in_doubt_until.get_or_insert(belief.in_doubt_until);
            if inherited || Instant::now() >= until || belief.began_before(received.copies_since) {
                return Ok(Has::Nothing);
            }
            if began.elapsed() >= WAIT_FOR_UNKNOWN {
                return Err(Uncertain {
                    leave_open: false,
                    ..busy("an earlier attempt may still be under way in GLPI")
                });
            }
            tokio::time::sleep_until(until.min(Instant::now() + ASK_EVERY)).await;
        }
    }

    /// What this process's memory is worth where it is the only one.
    fn own_belief(&self) -> Belief {
        Belief { complete_since: Some(self.began), in_doubt_until: self.in_doubt_until }
    }

    /// What is believed while Redis is away: nothing. Of two instances that are asked for the same request, one goes
    /// on and the other waits for it to end; and what one had claimed before Redis went, it goes on with.
    fn belief_without_redis(&self, redis: &Redis, asked: Instant) -> Belief {
        // The other one may be about to begin: twice the time.
        let time = self.give_up.min(self.aftermath * 2);
        let wait = if redis.goes_first() { Duration::ZERO } else { time + redis.share_of(self.aftermath) };
        // Who asks again waits anew: the end must be within reach.
        let asked = asked + wait.min(WAIT_FOR_UNKNOWN.saturating_sub(ASK_EVERY));
        let lost = redis.last_heard().map_or(asked, |heard| heard + time);
        Belief { complete_since: None, in_doubt_until: self.in_doubt_until.max(asked).max(lost) }
    }

    /// Whether other instances are at work, as far as is known.
    fn has_others(&self) -> bool {
        self.shared.as_ref().is_some_and(Redis::has_others)
    }

    /// Whether the gateway that made a ticket may have died before it told of it.
    fn may_be_untold(&self, opened: Option<DateTime>) -> bool {
        let Some(opened) = opened.and_then(|opened| opened.to_zoned(self.time_zone.clone()).ok()) else { return true };
        let age_at_start = self.began.duration_since(opened.timestamp());
        let aftermath = SignedDuration::try_from(self.aftermath).unwrap_or(SignedDuration::MAX);
        age_at_start <= self.look_back && age_at_start >= -aftermath - CLOCK_MARGIN
    }

    /// Claims in Redis, waiting a while for another instance that is at the same request.
    async fn claim_shared(&self, redis: &Redis, received: &Received) -> ::redis::RedisResult<Held> {
        let give_up_at = Instant::now() + WAIT_FOR_OTHER;
        let mut is_busy = false;
        loop {
            let held = match redis.claim(received.reference, &received.aliases).await {
                // Who was at it goes on with it.
                Err(_) if is_busy => return Ok(Held::Busy),
                held => held?,
            };
            is_busy = true;
            if held != Held::Busy || Instant::now() >= give_up_at {
                return Ok(held);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Looks in GLPI for what an earlier copy became.
    async fn search(
        &self,
        received: &Received,
        becomes: Becomes,
    ) -> Result<Option<(Reference, u64, Option<DateTime>)>, GlpiError> {
        match becomes {
            Becomes::Ticket(_) => self.find(received).await,
            Becomes::Followup(ticket) => {
                let is_in = self.is_in(ticket, received.reference).await?;
                Ok(is_in.then_some((received.reference, ticket, None)))
            }
        }
    }

    /// Looks in GLPI for a ticket of this request: by its reference or an alias, as far back as a copy can
    /// have come in. The oldest one counts.
    async fn find(&self, received: &Received) -> Result<Option<(Reference, u64, Option<DateTime>)>, GlpiError> {
        let texts: Vec<String> = names(received).map(|name| name.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let found = self.glpi.tickets_containing(&texts, days_since(received.copies_since)).await?;
        // A ticket opens with its own reference; others may stand further down, quoted.
        let own = found.iter().filter_map(|ticket| Some((Reference::find(&ticket.content)?, ticket.id, ticket.opened)));
        Ok(own.filter(|(carried, ..)| names(received).any(|name| name == *carried)).min_by_key(|(_, id, _)| *id))
    }

    /// Whether a follow-up of this ticket opens with this reference, asking GLPI.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer.
    pub async fn is_in(&self, ticket: u64, reference: Reference) -> Result<bool, GlpiError> {
        let followups = self.glpi.ticket_followups(ticket).await?;
        Ok(followups.iter().any(|followup| FollowupOpening::reference_of(&followup.content) == Some(reference)))
    }

    /// Takes a place in the requester's day, counting in GLPI where the memory does not reach back to the
    /// day's beginning. Where only what may or may not become a ticket stands in the way, its end is waited for.
    pub async fn reserve(&self, candidate: &Candidate) -> DayPlace {
        let day = candidate.day_mark();
        let began = Instant::now();
        loop {
            let reservation = {
                let _one_at_a_time = self.day_locks[shard(day) % self.day_locks.len()].lock().await;
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
                self.local.recounted(day, self.count(day_began, day).await?, self.give_up);
                Ok(self.local.reserve(reference, day, of_the_day, self.give_up))
            }
            reservation => Ok(reservation),
        }
    }

    /// `None`: Redis is away, and the gateway goes on without it.
    async fn reserve_shared(
        &self,
        redis: &Redis,
        reference: Reference,
        day: DayMark,
        day_began: Timestamp,
    ) -> Result<Option<Reservation>, (Reason, String)> {
        let day_began = day_began - CLOCK_MARGIN;
        let age = Duration::try_from(Timestamp::now().duration_since(day_began)).unwrap_or_default();
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

    /// The references of the tickets GLPI has with this day's mark.
    async fn count(&self, day_began: Timestamp, day: DayMark) -> Result<Vec<Reference>, (Reason, String)> {
        let days = days_since(day_began.min(Timestamp::now()));
        let found = self
            .glpi
            .tickets_containing(&[&day.to_string()], days)
            .await
            .map_err(|error| (reason_of(&error), error.to_string()))?;
        let of_the_day = found.iter().filter(|ticket| DayMark::find(&ticket.content) == Some(day));
        Ok(of_the_day.filter_map(|ticket| Reference::find(&ticket.content)).collect())
    }

    /// Begins the creation: dates the claim and the place anew, so that they last for as long as a creation
    /// can take. False: another instance has taken the claim over meanwhile, or may have. Where it may not know that
    /// this one is at it, GLPI is asked once more.
    pub async fn renew(&self, mine: &OpenClaim, received: &Received) -> bool {
        self.local.renew(mine.reference);
        let Some(redis) = &self.shared else { return true };
        if matches!(redis.claim(mine.reference, &received.aliases).await, Ok(Held::Ticket(..) | Held::Busy)) {
            return false;
        }
        if redis.misses() == mine.misses {
            return true;
        }
        if !redis.goes_first() {
            // What both have waited for ends for both at the same moment.
            tokio::time::sleep(self.aftermath / 8 + redis.share_of(self.aftermath / 4)).await;
        }
        matches!(self.search(received, mine.becomes).await, Ok(None))
    }

    /// Runs a creation, asserting the claim all the while: a Redis that is emptied in the middle of it soon
    /// tells the other instances again that this one is at it.
    pub async fn hold<T>(&self, mine: &OpenClaim, creation: impl Future<Output = T>) -> T {
        let Some(redis) = &self.shared else { return creation.await };
        let assert = async {
            loop {
                tokio::time::sleep(ASSERT_EVERY).await;
                if let Err(error) = redis.assert(mine.reference, mine.becomes.day(), Duration::ZERO).await {
                    tracing::debug!(%error, "a claim could not be asserted");
                }
            }
        };
        tokio::select! {
            created = creation => created,
            never = assert => never,
        }
    }

    /// The ticket was made.
    pub async fn settle(&self, mine: OpenClaim, ticket: u64) {
        self.remember(mine.reference, mine.becomes.day(), ticket, true).await;
        mine.flight.land(End::Ticket(mine.reference, ticket));
    }

    /// `new`: it takes a place in this day even if none is reserved.
    async fn remember(&self, reference: Reference, day: Option<DayMark>, ticket: u64, new: bool) {
        self.local.settle(reference, day, ticket, new);
        if let Some(redis) = &self.shared
            && let Err(error) = redis.settle(reference, day, ticket, new).await
        {
            tracing::warn!(%error, "Redis was not told of a ticket; GLPI will be asked for it");
        }
    }

    /// There surely is no ticket and will be none of this attempt: the place in the day is given back.
    /// `for_good`: a rule said no; else whoever sent it will try again.
    pub async fn release(&self, mine: OpenClaim, for_good: bool) {
        if let Some(day) = mine.becomes.day() {
            self.local.give_back(mine.reference, day);
            if let Some(redis) = &self.shared
                && let Err(error) = redis.give_back(mine.reference, day).await
            {
                tracing::warn!(%error, "a place in a day could not be given back to Redis; it lapses there");
            }
        }
        self.give_up_claim(mine, if for_good { End::NoTicket } else { End::Open }).await;
    }

    /// Nobody can say whether there is a ticket: the claim and the place stay until a later attempt, after
    /// the creation surely has ended, asks GLPI again.
    pub fn leave_open(&self, mine: OpenClaim) {
        self.local.leave_open(mine.reference);
        mine.flight.land(End::Open);
    }

    /// Another instance has taken the request over: what stands in Redis is its.
    pub fn yield_to_another(&self, mine: OpenClaim) {
        if let Some(day) = mine.becomes.day() {
            self.local.give_back(mine.reference, day);
        }
        self.local.release(mine.reference);
        mine.flight.land(End::Open);
    }

    async fn give_up_claim(&self, mine: OpenClaim, end: End) {
        self.local.release(mine.reference);
        if let Some(redis) = &self.shared
            && let Err(error) = redis.release(mine.reference).await
        {
            tracing::warn!(%error, "a claim could not be given back to Redis; it lapses there");
        }
        mine.flight.land(end);
    }

    /// Whether this person has been sent no notice for this reason, and about this ticket, on this day yet.
    pub async fn first_notice(
        &self,
        requester: &Address,
        reason: Reason,
        ticket: Option<u64>,
        day: jiff::civil::Date,
    ) -> bool {
        let day = DayMark::new(requester, day);
        let notice = match ticket {
            None => reason.code().to_owned(),
            Some(ticket) => format!("{} {ticket}", reason.code()),
        };
        if !self.local.first_notice(day, &notice) {
            return false;
        }
        match &self.shared {
            None => true,
            // Without Redis, another instance may send a second one: better than none.
            Some(redis) => redis.first_notice(day, &notice).await.unwrap_or(true),
        }
    }

    /// Takes one of a person's places for notices of a day, of all reasons together; false: they are taken.
    pub async fn notice_place(&self, requester: &Address, day: jiff::civil::Date, most: u32) -> bool {
        let day = DayMark::new(requester, day);
        for place in 1..=most {
            let place = format!("place {place}");
            let is_free = self.local.first_notice(day, &place)
                && match &self.shared {
                    None => true,
                    // Without Redis, another instance may use the same place.
                    Some(redis) => redis.first_notice(day, &place).await.unwrap_or(true),
                };
            if is_free {
                return true;
            }
        }
        false
    }

    /// Notes that a request could not be delivered.
    pub async fn failed(&self, reference: Reference) -> Failures {
        let mut failures = self.local.failed(reference);
        if let (Some(alone), Some(redis)) = (&mut failures.alone, &self.shared) {
            // Other instances may have counted, too.
            *alone = redis.failed(reference).await.unwrap_or_default().max(*alone);
        }
        failures
    }

    /// Forgets a request's failures: it was put aside, and may come back mended.
    pub async fn forgive(&self, reference: Reference) {
        self.local.forgive(reference);
        if let Some(redis) = &self.shared
            && let Err(error) = redis.forgive(reference).await
        {
            tracing::debug!(%error, "Redis was not told to forget the failures of a request");
        }
    }

    /// Gets or keeps, for a few seconds, the right to do something that one instance at a time should do, such as
    /// reading a mailbox: what has waited for the time given, which is none where the right is sure.
    ///
    /// A single instance always has it. While Redis cannot be asked, and the gateway is to go on without it, every
    /// instance may go on with what has waited so long that another one surely has finished it, the last holder
    /// first: GLPI then knows of it. Else nobody goes on until Redis is back.
    pub async fn lease(&self, name: &str) -> Option<Duration> {
        let Some(redis) = &self.shared else { return Some(Duration::ZERO) };
        match redis.lease(name, LIFE).await {
            Ok(granted) => self.leases.answered(name, granted).then_some(Duration::ZERO),
            Err(error) => {
                metrics::counter!("passerelle_redis_failures_total").increment(1);
                tracing::warn!(%error, "Redis cannot be asked for a lease");
                (self.when_down == WhenDown::AskGlpi).then(|| self.leases.unanswered(name, self.give_up))
            }
        }
    }

    /// Gives a lease back, so that another instance need not wait for its end.
    pub async fn hand_back(&self, name: &str) {
        if self.leases.forget(name)
            && let Some(redis) = &self.shared
            && let Err(error) = redis.hand_back(name).await
        {
            tracing::debug!(%error, "a lease could not be given back; it lapses");
        }
    }

    /// Whether Redis answers, where it is configured, and its `maxmemory-policy` where it may be asked.
    ///
    /// # Errors
    ///
    /// What Redis, or the way to it, said.
    pub async fn probe(&self) -> Result<Option<String>, String> {
        match &self.shared {
            None => Ok(None),
            Some(redis) => redis.probe().await.map_err(|error| error.to_string()),
        }
    }

    /// Redis failed: go on by asking GLPI, or wait for it, as configured.
    fn without_redis(&self, what: &str, error: &::redis::RedisError) -> Result<(), (Reason, String)> {
        metrics::counter!("passerelle_redis_failures_total").increment(1);
        match self.when_down {
            WhenDown::AskGlpi => {
                tracing::warn!(%error, what, "Redis cannot be used; GLPI is asked instead");
                Ok(())
            }
            WhenDown::Defer => Err((Reason::CacheUnavailable, format!("Redis: {error}"))),
        }
    }
}

/// What a memory is worth.
struct Belief {
    /// It knows all that was begun after this; `None`: nothing is certain.
    complete_since: Option<Timestamp>,
    /// Until when something may be under way of which it does not know.
    in_doubt_until: Instant,
}

impl Belief {
    /// Whether it knows of every copy there can be since then. It also forgets.
    fn covers(&self, copies_since: Timestamp) -> bool {
        let forgotten = Timestamp::now() - MEMORY;
        self.complete_since.is_some_and(|since| copies_since >= since.max(forgotten) + CLOCK_MARGIN)
    }

    /// Whether a request of which no copy can have come before that is not among what is under way unknown. A date of
    /// whole seconds is never too late.
    fn began_before(&self, copies_since: Timestamp) -> bool {
        self.complete_since.is_some_and(|since| copies_since >= since)
    }
}

/// How far back the ticket of an answered mail is looked for, days: as long as people write on in one thread.
const LONGEST_THREAD: u32 = 60;

impl Ledger {
    /// The ticket of one of these requests, the first one that has any. One that is being made is waited for.
    ///
    /// # Errors
    ///
    /// Where it cannot be said now.
    pub async fn ticket_of(&self, references: &[Reference]) -> Result<Option<u64>, (Reason, String)> {
        let busy = || (Reason::Busy, "the mail that this one answers is not finished".to_owned());
        loop {
            if let Some((_, ticket)) = self.local.ticket(references.iter().copied()) {
                return Ok(Some(ticket));
            }
            match self.in_flight.any(references) {
                Some(flight) => match end_of(flight).await {
                    End::Ticket(_, ticket) => return Ok(Some(ticket)),
                    End::NoTicket => {}
                    End::Open => return Err(busy()),
                },
                None => break,
            }
        }
        if self.local.is_open(references, self.give_up) {
            return Err(busy());
        }
        if let Some(redis) = &self.shared {
            let give_up_at = Instant::now() + WAIT_FOR_OTHER;
            let mut is_busy = false;
            loop {
                match redis.look(references).await {
                    Ok(Seen::Ticket(ticket)) => return Ok(Some(ticket)),
                    Ok(Seen::Busy) if Instant::now() >= give_up_at => return Err(busy()),
                    Ok(Seen::Busy) => {
                        is_busy = true;
                        tokio::time::sleep(LOOK_EVERY).await;
                    }
                    Ok(Seen::Nothing) => break,
                    Err(_) if is_busy => return Err(busy()),
                    Err(error) => {
                        self.without_redis("look", &error)?;
                        break;
                    }
                }
            }
        }
        let texts: Vec<String> = references.iter().map(ToString::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let found = self.glpi.tickets_containing(&texts, LONGEST_THREAD).await;
        let found = found.map_err(|error| (reason_of(&error), error.to_string()))?;
        let own = found.iter().filter_map(|ticket| Some((Reference::find(&ticket.content)?, ticket.id)));
        Ok(own.filter(|(carried, _)| references.contains(carried)).map(|(_, ticket)| ticket).min())
    }
}

/// The references a request's ticket may carry.
fn names(received: &Received) -> impl Iterator<Item = Reference> + '_ {
    [received.reference].into_iter().chain(received.aliases.iter().copied())
}

/// How many days back GLPI must be searched to reach `since`, a margin for clocks included.
fn days_since(since: Timestamp) -> u32 {
    let age = Timestamp::now().duration_since(since - CLOCK_MARGIN).as_hours() / 24 + 1;
    u32::try_from(age.clamp(1, LONGEST_SEARCH_DAYS)).unwrap_or(1)
}

/// What an error of a search means for the request.
fn reason_of(error: &GlpiError) -> Reason {
    match error {
        GlpiError::Denied { .. } => Reason::GlpiDenied,
        _ => Reason::GlpiUnavailable,
    }
}

fn shard(day: DayMark) -> usize {
    use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
    usize::try_from(BuildHasherDefault::<DefaultHasher>::default().hash_one(day) & 0xffff).unwrap_or(0)
}

/// A name for this process's claims that no other instance has: 64 random bits.
fn instance_token() -> String {
    use std::hash::{BuildHasher as _, Hasher as _, RandomState};
    format!("{:016x}", RandomState::new().build_hasher().finish())
}
