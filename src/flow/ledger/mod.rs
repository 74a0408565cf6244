//! What the gateway remembers between requests, and when that memory may be believed.
//!
//! GLPI is the only record; this is a cache of it. It answers two questions: does this request have a
//! ticket already, and how many has the requester had today? Both memories, this process's own and Redis,
//! know since when they remember. About anything that may have happened before that, GLPI is asked: for
//! the reference, or for the mark of the requester's day, both written into every ticket. So a flushed
//! Redis, a restart or a fail-over costs a few searches and nothing else. What GLPI had
//! before a memory began is read once and stands for the searches, as far as it can (`past`).
//!
//! GLPI cannot say what it is still at. When a memory begins, what was begun before may be under way for a while
//! (`glpi.aftermath`): a request that can have been tried before is then looked for until that time is over, and
//! only then believed not to have a ticket. The same goes for the places of a day: nobody is refused for what may or
//! may not become a ticket.
//!
//! Beside requests (`claims`, `places`) it remembers which notices a person had (`notices`), what failed how often
//! (`failures`), which key a signed call came with (`signatures`), and what one instance at a time does (`leases`, `ticket_lock`).

mod answered;
mod belief;
mod claims;
mod failures;
mod held_leases;
mod in_flight;
mod keyed_lock;
mod leases;
mod memory;
mod notices;
mod oldest;
mod past;
mod places;
mod reach;
mod redis;
mod signatures;
mod ticket_lock;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use secrecy::SecretSlice;
use tokio::time::Instant;

pub use self::{
    claims::{ClaimResult, KnownTicket, OpenClaim, Standing, StandingClaim, Told},
    memory::Failures,
    oldest::oldest_ticket,
    ticket_lock::TicketBusy,
};
use self::{
    held_leases::Leases,
    in_flight::Flights,
    keyed_lock::KeyedLock,
    memory::Memory,
    past::Past,
    redis::{Redis, Stage},
};
use crate::{
    config::{Backend, Config, ConfigError, WhenDown},
    glpi::{Glpi, GlpiError},
    id::TicketId,
    request::{DayMark, Reason},
    text::Bilingual,
};

/// How long another copy of the same request is waited for, and how often it is looked at whether another instance that is
/// at it has ended.
const WAIT_FOR_OTHER: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// How long a request waits for what may be under way before its sender is told to come again, and how often GLPI is
/// asked meanwhile.
const WAIT_FOR_UNKNOWN: Duration = Duration::from_secs(20);
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often a creation under way asserts its claim in Redis, and how often those left open are.
const ASSERT_EVERY: Duration = Duration::from_millis(250);
const REDIS_FAILURES: &str = "passerelle_redis_failures_total";

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
    past: Past,
    /// Until when a gateway before this one may have something under way of which no memory knows.
    in_doubt_until: Instant,
    in_flight: Flights,
    leases: Leases,
    /// One reservation at a time per requester's day: a recount sees every earlier reservation of this process.
    day_locks: KeyedLock<DayMark>,
    ticket_locks: KeyedLock<TicketId>,
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
        metrics::describe_counter!(REDIS_FAILURES, "Times Redis could not be used.");
        metrics::counter!(REDIS_FAILURES).increment(0);
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
            past: Past::default(),
            in_doubt_until: Instant::now() + aftermath,
            in_flight: Flights::default(),
            leases: Leases::default(),
            day_locks: KeyedLock::default(),
            ticket_locks: KeyedLock::default(),
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
                if let Err(error) = redis.assert(open.reference, open.day, open.age, Stage::HasBegun).await {
                    tracing::debug!(%error, "Redis was not told of a claim that was left open");
                    break;
                }
            }
        }
    }

    /// Whether Redis answers, where it is configured, and its `maxmemory-policy` where it may be asked.
    ///
    /// # Errors
    ///
    /// What Redis, or the way to it, said.
    pub async fn probe(&self) -> Result<Option<String>, Bilingual> {
        match &self.shared {
            None => Ok(None),
            Some(redis) => redis.probe().await.map_err(|error| redis::reason(&error)),
        }
    }

    /// Redis failed: go on by asking GLPI, or wait for it, as configured.
    fn without_redis(&self, what: &str, error: &::redis::RedisError) -> Result<(), (Reason, String)> {
        metrics::counter!(REDIS_FAILURES).increment(1);
        match self.when_down {
            WhenDown::AskGlpi => {
                tracing::warn!(%error, what, "Redis cannot be used; GLPI is asked instead");
                Ok(())
            }
            WhenDown::Defer => Err((Reason::CacheUnavailable, format!("Redis: {error}"))),
        }
    }
}

/// What an error of a search means for the request.
fn reason_of(error: &GlpiError) -> Reason {
    match error {
        GlpiError::Denied { .. } => Reason::GlpiDenied,
        GlpiError::Unavailable { .. }
        | GlpiError::AnswerLost { .. }
        | GlpiError::NotFound
        | GlpiError::NotAddable
        | GlpiError::TooLarge
        | GlpiError::Rejected { .. } => Reason::GlpiUnavailable,
    }
}

/// A name that no other instance, and no other sender, has: 64 random bits.
pub fn instance_token() -> String {
    use std::hash::{BuildHasher as _, Hasher as _, RandomState};
    format!("{:016x}", RandomState::new().build_hasher().finish())
}
