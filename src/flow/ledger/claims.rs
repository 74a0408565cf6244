//! One request, one ticket: who makes it, and which one it has.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, civil::DateTime};
use tokio::time::Instant;

use super::{
    ASK_EVERY, ASSERT_EVERY, LOOK_EVERY, Ledger, WAIT_FOR_OTHER, WAIT_FOR_UNKNOWN,
    answered::found_in,
    belief::Belief,
    in_flight::{End, Flight, end_of},
    memory::Claimed,
    oldest::{OldestTicket, oldest_among},
    past::Reach,
    reach::{CLOCK_MARGIN, hours_since},
    reason_of,
    redis::{Held, Redis, Stage},
};
use crate::{
    flow::screen::{Candidate, MayFollowUp, Reply},
    glpi::{Glpi, GlpiError},
    id::TicketId,
    request::{DayMark, Reason, Received, Reference},
};

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
    pub ticket: TicketId,
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
    fn remembered(reference: Reference, ticket: TicketId) -> Self {
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
    /// When it was made.
    began: Timestamp,
    /// When nobody had made its ticket, as far as could be known.
    granted: Instant,
    /// Whether GLPI may be making its ticket.
    has_begun: AtomicBool,
}

impl OpenClaim {
    fn stage(&self) -> Stage {
        if self.has_begun.load(Ordering::Relaxed) { Stage::HasBegun } else { Stage::Waits }
    }
}

/// What a request becomes in GLPI, and so where an earlier copy of it is found there.
#[derive(Clone, Copy, Debug)]
enum Becomes {
    /// A ticket, which takes a place in this day.
    Ticket(DayMark),
    /// A follow-up of this ticket, which takes none.
    Followup(TicketId),
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
                // Whoever sent it has gone by then, and a copy needs no end of its own: while GLPI is slow, those of
                // people who try again and again would pile up.
                Err(other) => match tokio::time::timeout(WAIT_FOR_OTHER, end_of(other)).await.unwrap_or(End::Open) {
                    End::Ticket(reference, ticket) => {
                        return ClaimResult::Known(KnownTicket::remembered(reference, ticket));
                    }
                    End::NoTicket => continue,
                    End::Open => {
                        return ClaimResult::Unknown {
                            reason: Reason::Busy,
                            cause: "another copy of this request could not be finished, or not yet".to_owned(),
                        };
                    }
                },
            };
            let misses = self.shared.as_ref().map_or(0, Redis::misses);
            let mut mine = OpenClaim {
                reference: received.reference,
                becomes,
                flight,
                misses,
                began: Timestamp::now(),
                granted: Instant::now(),
                has_begun: AtomicBool::new(false),
            };
            let known = self.known(received, becomes).await;
            mine.granted = Instant::now();
            return match known {
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
        if let Some((reference, ticket)) = self.local.ticket(received.names()) {
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
            let past = if inherited { None } else { self.in_the_past(received, becomes, &belief).await };
            let found = match past {
                Some(found) => found,
                None => search(&self.glpi, received, becomes).await.map_err(failed)?,
            };
            // What appears while it is waited for, another instance makes: known once that has told of it, and said so in
            // Redis. One that ends before leaves it to the next try.
            let is_told_by_another = matches!(becomes, Becomes::Ticket(_))
                && was_missing
                && !inherited
                && claimed != Claimed::Own
                && self.has_others();
            if found.is_some() && is_told_by_another {
                if began.elapsed() >= WAIT_FOR_UNKNOWN {
                    return Err(Uncertain { leave_open: false, ..busy("another instance has made its ticket") });
                }
                tokio::time::sleep(ASK_EVERY).await;
                continue;
            }
            if let Some(found) = found {
                let (reference, ticket, opened) = found;
                let told = match becomes {
                    Becomes::Ticket(_) if claimed == Claimed::Own => Told::No,
                    Becomes::Ticket(_) if inherited || self.may_be_untold(opened, &belief) => Told::Perhaps,
                    Becomes::Ticket(_) | Becomes::Followup(_) => Told::Yes,
                };
                return Ok(Has::InGlpi(KnownTicket { ticket, reference, answered: !inherited, told }));
            }
            was_missing = true;
            // An inherited claim's time is over. Of the others, what came only later can have no earlier copy.
            let until = *in_doubt_until.get_or_insert(belief.in_doubt_until);
            let is_first_try = self.shared.is_none() && received.is_untried();
            if inherited || is_first_try || Instant::now() >= until || belief.began_before(received.copies_since) {
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

    /// What an earlier copy became, as [`search`] says it, from what was read of the last hours' tickets; `None` where that
    /// is to be searched for. As long as what was begun before may be under way, they are read on for each who asks.
    async fn in_the_past(&self, received: &Received, becomes: Becomes, belief: &Belief) -> Option<Option<Earlier>> {
        if matches!(becomes, Becomes::Followup(_)) {
            return None;
        }
        let (copies_since, is_in_doubt) = (received.copies_since, Instant::now() < belief.in_doubt_until);
        let began = belief.complete_since.filter(|_| !is_in_doubt);
        let settled = began.map(|began| if copies_since >= began { began } else { began + CLOCK_MARGIN });
        let reach = Reach { since: copies_since, best: self.start_of_today(), read_after: settled };
        if let Some(company) = received.company() {
            company.before_search().await;
        }
        let names: Vec<Reference> = received.names().collect();
        Some(self.past.oldest(&self.glpi, reach, &names).await?.map(earlier))
    }

    /// Whether other instances are at work, as far as is known.
    fn has_others(&self) -> bool {
        self.shared.as_ref().is_some_and(Redis::has_others)
    }

    /// Whether the gateway that made a ticket may have ended before it told of it, and the memory with it: what was opened
    /// before the memory began, and what was under way then.
    fn may_be_untold(&self, opened: Option<DateTime>, belief: &Belief) -> bool {
        let Some(since) = belief.complete_since else { return true };
        let Some(opened) = opened.and_then(|opened| opened.to_zoned(self.time_zone.clone()).ok()) else { return true };
        let age = since.max(self.began).duration_since(opened.timestamp());
        let aftermath = SignedDuration::try_from(self.aftermath).unwrap_or(SignedDuration::MAX);
        age <= self.look_back && age >= -aftermath - CLOCK_MARGIN
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

    /// Whether another instance, which Redis had forgotten for a while, has made the ticket of this claim and told of it.
    pub async fn is_told_elsewhere(&self, mine: &OpenClaim, received: &Received) -> bool {
        let Some(redis) = &self.shared else { return false };
        matches!(redis.claim(mine.reference, &received.aliases).await, Ok(Held::Ticket(..)))
    }

    /// The claim to assert right before its creation.
    pub fn standing<'a>(&'a self, mine: &'a OpenClaim, received: &'a Received) -> StandingClaim<'a> {
        StandingClaim { ledger: self, mine, received }
    }

    /// Lets another instance go first that may not know of this claim.
    pub async fn give_way(&self, mine: &OpenClaim) {
        if let Some(redis) = &self.shared
            && redis.misses() != mine.misses
            && !redis.goes_first()
        {
            // What both have waited for ends for both at the same moment.
            tokio::time::sleep(self.aftermath / 8 + redis.share_of(self.aftermath / 4)).await;
        }
    }

    /// Runs a creation, asserting the claim all the while: a Redis that is emptied in the middle of it soon
    /// tells the other instances again that this one is at it.
    pub async fn hold<T>(&self, mine: &OpenClaim, creation: impl Future<Output = T>) -> T {
        let Some(redis) = &self.shared else { return creation.await };
        let assert = async {
            loop {
                tokio::time::sleep(ASSERT_EVERY).await;
                let asserted = redis.assert(mine.reference, mine.becomes.day(), Duration::ZERO, mine.stage()).await;
                if let Err(error) = asserted {
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
    pub async fn settle(&self, mine: OpenClaim, ticket: TicketId) {
        self.remember(mine.reference, mine.becomes.day(), ticket, true).await;
        mine.flight.land(End::Ticket(mine.reference, ticket));
    }

    /// `new`: it takes a place in this day even if none is reserved.
    async fn remember(&self, reference: Reference, day: Option<DayMark>, ticket: TicketId, new: bool) {
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
}

/// What becomes of a claim when its creation is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It stands.
    Stands,
    /// Another instance has taken it over meanwhile, or may have.
    TakenOver,
    /// The day of its requester may be full by now.
    NoRoom,
    /// It has waited for so long that another instance, which may not know of it, may have begun.
    TooLate,
}

/// A claim that is asserted right before its creation.
#[derive(Clone, Copy)]
pub struct StandingClaim<'a> {
    ledger: &'a Ledger,
    mine: &'a OpenClaim,
    received: &'a Received,
}

impl StandingClaim<'_> {
    /// Whether it stands and no other instance can be without knowing: as [`StandingClaim::assert`], without asking GLPI.
    pub async fn is_certain(&self) -> bool {
        let stands = self.in_memory().await == Some(Standing::Stands);
        if stands {
            self.begin();
        }
        stands
    }

    /// From now on it comes before whatever else claims the request.
    fn begin(&self) {
        self.mine.has_begun.store(true, Ordering::Relaxed);
    }

    /// What the memories say; `None` where another instance may not know of the claim.
    async fn in_memory(&self) -> Option<Standing> {
        let Self { ledger, mine, received } = self;
        ledger.local.renew(mine.reference);
        let Some(redis) = &ledger.shared else { return Some(Standing::Stands) };
        let is_complete = match redis.claim(mine.reference, &received.aliases).await {
            Ok(Held::Ticket(..) | Held::Busy) => return Some(Standing::TakenOver),
            Ok(Held::Claimed { remembers_since, .. }) => remembers_since < mine.began,
            Err(_) => false,
        };
        (is_complete && redis.misses() == mine.misses).then_some(Standing::Stands)
    }

    /// Begins the creation: dates the claim and the place anew, so that they last for as long as a creation
    /// can take.
    ///
    /// Where another instance may not know of the claim, GLPI is asked once more. The creation follows at once, in the
    /// same session of `glpi`: what lies between the two, another instance may use as well.
    pub async fn assert(&self, glpi: &Glpi) -> Standing {
        let standing = match self.in_memory().await {
            Some(standing) => standing,
            None => self.in_glpi(glpi).await,
        };
        if standing == Standing::Stands {
            self.begin();
        }
        standing
    }

    /// What GLPI says, where another instance may not know of the claim.
    async fn in_glpi(&self, glpi: &Glpi) -> Standing {
        let Self { ledger, mine, received } = self;
        // Another instance waits for twice the time, for this one to begin and to end; or for none.
        let is_waited_for = ledger.has_others() && !ledger.aftermath.is_zero();
        if is_waited_for && mine.granted.elapsed() > ledger.aftermath {
            return Standing::TooLate;
        }
        if let Becomes::Ticket(day) = mine.becomes
            && !ledger.has_room(glpi, day, mine.reference).await
        {
            return Standing::NoRoom;
        }
        match search(glpi, received, mine.becomes).await {
            Ok(None) => Standing::Stands,
            Ok(Some(_)) | Err(_) => Standing::TakenOver,
        }
    }
}

/// What an earlier copy became: its name, the ticket, and when that was opened.
type Earlier = (Reference, TicketId, Option<DateTime>);

/// Looks in GLPI for what an earlier copy became.
async fn search(glpi: &Glpi, received: &Received, becomes: Becomes) -> Result<Option<Earlier>, GlpiError> {
    match becomes {
        // As far back as a copy can have come in.
        Becomes::Ticket(_) => {
            let together = match received.company() {
                Some(company) => company.before_search().await,
                None => 1,
            };
            let names: Vec<Reference> = received.names().collect();
            let found = oldest_among(glpi, &names, hours_since(received.copies_since), together).await?;
            Ok(found.map(earlier))
        }
        Becomes::Followup(ticket) => {
            let names: Vec<Reference> = received.names().collect();
            let found = found_in(glpi, ticket, &names).await?;
            Ok(found.map(|reference| (reference, ticket, None)))
        }
    }
}

fn earlier(ticket: OldestTicket) -> Earlier {
    (ticket.reference, ticket.number, ticket.opened)
}
