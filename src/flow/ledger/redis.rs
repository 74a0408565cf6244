//! The memory that several instances share, in Redis. Each operation is one atomic script.
//!
//! *Redis knows since when it remembers.* The key `epoch` holds the moment from which on its memory is
//! complete, together with the server's `run_id` and the number of keys it has evicted. It is set anew when it is
//! missing (a flush), when the `run_id` differs (a restart from an older snapshot, a fail-over to a replica that
//! lagged behind), when keys were evicted, when its clock has jumped, and by an instance that starts or has been without Redis for a while:
//! tickets may have been made meanwhile. Positive knowledge (this reference has that ticket) stays true whatever
//! the epoch.
//!
//! *It knows, too, until when something may be under way of which it does not know*: for a while after a flush or a
//! restart of Redis, or a jump of its clock, whose claims are lost, and for a moment after an instance was without it. An instance that
//! starts changes nothing in that: what its predecessor had under way stands in Redis.

mod call;
mod clock;
mod operations;
mod server;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use data_encoding::HEXLOWER;
use futures_util::future::BoxFuture;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use redis::{
    AsyncCommands as _, ErrorKind, ExistenceCheck, FromRedisValue, RedisError, RedisResult, Script, SetExpiry,
    SetOptions, Value, from_redis_value,
};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;
use tokio::time::Instant;

use self::{
    call::{Call, Operation},
    clock::ServerClock,
    operations::OPERATIONS,
    server::Server,
};
use super::memory::{MEMORY, Reservation};
use crate::{
    config::ConfigError,
    hindrance::Hindrance,
    id::TicketId,
    request::{DayMark, Reference},
    text::Bilingual,
};

/// The epoch is renewed because the server's clock has jumped.
const JUMPED: u8 = 3;
/// The first of the misses is that this instance starts.
const STARTS: u64 = 1;

pub(super) struct Redis {
    server: Server,
    prefix: String,
    key_secret: SecretSlice<u8>,
    /// Names this instance's claims.
    token: String,
    /// How often something may have happened that Redis was not told: this instance started, or a call failed…
    misses: AtomicU64,
    /// … and how many of those a renewed epoch has covered.
    covered: AtomicU64,
    /// After how long a claim or a reservation counts as given up by a crashed instance.
    give_up: Duration,
    /// For how long what was begun before Redis lost its memory may be under way.
    aftermath: Duration,
    /// The instances at work, by when Redis last named them, in an order they all agree on. One that forgets may name
    /// fewer.
    instances: Mutex<BTreeMap<String, Instant>>,
    /// When it was last told something.
    heard: Mutex<Option<Instant>>,
    /// How it counts time.
    clock: ServerClock,
}

/// What a count of a day gave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted<'a> {
    /// What GLPI has.
    pub(super) found: &'a [Reference],
    /// What this instance is making.
    pub(super) under_way: &'a [Reference],
}

/// What Redis says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// It has this ticket, under this reference: its own or an alias.
    Ticket(Reference, TicketId),
    /// Another instance is at it.
    Busy,
    /// It is claimed for this instance now.
    Claimed {
        /// Another instance gave up in the middle: a ticket may exist.
        inherited: bool,
        /// What came before may be unknown to Redis; in this machine's time.
        remembers_since: Timestamp,
        /// For how long something may be under way that Redis does not know.
        in_doubt: Duration,
    },
}

/// How far the creation of a claimed request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It waits for its turn: another instance may still go first.
    Waits,
    /// GLPI is, or may be, making its ticket.
    HasBegun,
}

impl Stage {
    /// As an argument of a script.
    fn has_begun(self) -> u8 {
        u8::from(self == Self::HasBegun)
    }
}

/// How long an instance whose other calls were lost may need to tell Redis what it has under way.
const TO_TELL: Duration = Duration::from_secs(3);
/// An instance that is silent for so long is gone.
const GONE_AFTER: Duration = Duration::from_secs(10);
/// What Redis says of requests without claiming them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// One has this ticket.
    Ticket(TicketId),
    /// An instance is at one.
    Busy,
    /// None is known.
    Nothing,
}

impl Redis {
    /// Looks for the ticket of one of these requests, the first that has any.
    pub(super) async fn look(&self, references: &[Reference]) -> RedisResult<Seen> {
        let mut call = OPERATIONS.look.call();
        for reference in references {
            call.key(self.request_key(*reference));
        }
        call.arg(millis(self.give_up));
        // One that answers and takes nothing is as good as away: that it answers says nothing.
        let answer = self.run(&call).await.inspect_err(|_| self.miss())?;
        let (word, ticket): (String, u64) = from_redis_value(answer)?;
        Ok(match word.as_str() {
            "ticket" => Seen::Ticket(ticket.into()),
            "busy" => Seen::Busy,
            _ => Seen::Nothing,
        })
    }

    pub(super) fn new(
        config: &crate::config::Redis,
        key_secret: SecretSlice<u8>,
        token: String,
        give_up: Duration,
        aftermath: Duration,
    ) -> Result<Self, ConfigError> {
        let server = Server::new(config).map_err(|error| {
            ConfigError::because(
                Bilingual::new(
                    "redis.url, redis.sentinels or redis.cluster cannot be used",
                    "redis.url, redis.sentinels ou redis.cluster ne peut pas servir",
                ),
                error,
                Bilingual::new(
                    "Give addresses as redis://user:password@host:6379/0, or rediss://… for TLS; with redis.sentinels, the \
                 host of redis.url is the master's name.",
                    "Donnez des adresses comme redis://user:password@host:6379/0, ou rediss://… pour TLS\u{a0}; avec redis.sentinels, \
                 l’hôte de redis.url est le nom du maître.",
                ),
            )
            .about("redis.url")
            .about("redis.sentinels")
            .about("redis.cluster")
        })?;
        // A script reads several keys: in a cluster they stand on one node, by the part in braces.
        let prefix = match config.prefix.as_str() {
            prefix if config.cluster.is_empty() || prefix.contains('{') => prefix.to_owned(),
            prefix => format!("{{{prefix}}}"),
        };
        Ok(Self {
            server,
            prefix,
            key_secret,
            token,
            misses: AtomicU64::new(STARTS),
            covered: AtomicU64::new(0),
            give_up,
            aftermath,
            instances: Mutex::default(),
            heard: Mutex::default(),
            clock: ServerClock::default(),
        })
    }

    pub(super) async fn claim(&self, reference: Reference, aliases: &[Reference]) -> RedisResult<Held> {
        let (word, ticket, age, in_doubt, name): (String, u64, u64, u64, usize) = self
            .run_with_epoch(&OPERATIONS.claim, |call| {
                call.key(self.request_key(reference));
                for alias in aliases {
                    call.key(self.request_key(*alias));
                }
                call.arg(&self.token).arg(millis(self.give_up)).arg(millis(MEMORY));
            })
            .await?;
        Ok(match word.as_str() {
            "ticket" => {
                let alias = name.checked_sub(1).and_then(|index| aliases.get(index));
                Held::Ticket(alias.copied().unwrap_or(reference), ticket.into())
            }
            "busy" => Held::Busy,
            word => Held::Claimed {
                inherited: word == "inherited",
                // Redis's clock may be another one: only spans of time are told.
                remembers_since: Timestamp::now().checked_sub(Duration::from_millis(age)).unwrap_or(Timestamp::MIN),
                in_doubt: Duration::from_millis(in_doubt),
            },
        })
    }

    /// Tells Redis again of a claim that was made `age` ago.
    pub(super) async fn assert(
        &self,
        reference: Reference,
        day: Option<DayMark>,
        age: Duration,
        stage: Stage,
    ) -> RedisResult<()> {
        let mut call = OPERATIONS.assert.key(self.request_key(reference));
        if let Some(day) = day {
            call.key(self.day_key(day));
        }
        call.arg(&self.token).arg(millis(MEMORY)).arg(millis(age)).arg(reference.to_string());
        call.arg(stage.has_begun()).arg(millis(self.give_up));
        self.invoke(&call).await
    }

    /// Says that this instance is at work, and learns which others are. What it has missed counts from then on, and not only
    /// from the next request on.
    pub(super) async fn appear(&self) -> RedisResult<()> {
        let named: Vec<String> = self
            .run_with_epoch(&OPERATIONS.appear, |call| {
                call.key(format!("{}instances", self.prefix));
                call.arg(&self.token).arg(millis(GONE_AFTER));
            })
            .await?;
        let mut instances = self.instances.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        instances.extend(named.into_iter().map(|instance| (instance, now)));
        instances.retain(|_, named| now.duration_since(*named) < GONE_AFTER);
        Ok(())
    }

    /// Whether, while Redis is away, this instance is the one that need not wait for another.
    pub(super) fn goes_first(&self) -> bool {
        self.instances.lock().unwrap_or_else(PoisonError::into_inner).keys().next() == Some(&self.token)
    }

    /// Whether other instances were at work when Redis last said so.
    pub(super) fn has_others(&self) -> bool {
        self.instances.lock().unwrap_or_else(PoisonError::into_inner).keys().any(|instance| *instance != self.token)
    }

    /// How often it may not have been told something.
    pub(super) fn misses(&self) -> u64 {
        self.misses.load(Ordering::Acquire)
    }

    /// A part of `whole` that another instance most probably does not have: who knows of no order does not go on at the
    /// very same moment.
    pub(super) fn share_of(&self, whole: Duration) -> Duration {
        let byte = self.token.bytes().fold(0_u8, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte));
        whole * u32::from(byte) / u32::from(u8::MAX)
    }

    /// When Redis last took what this instance told it.
    pub(super) fn last_heard(&self) -> Option<Instant> {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn release(&self, reference: Reference) -> RedisResult<()> {
        let mut call = OPERATIONS.release.key(self.request_key(reference));
        call.arg(&self.token);
        self.invoke(&call).await
    }

    pub(super) async fn settle(
        &self,
        reference: Reference,
        day: Option<DayMark>,
        ticket: TicketId,
        new: bool,
    ) -> RedisResult<()> {
        let mut call = OPERATIONS.settle.key(self.request_key(reference));
        if let Some(day) = day {
            call.key(self.day_key(day));
        }
        call.arg(reference.to_string()).arg(ticket.get()).arg(millis(MEMORY)).arg(u8::from(new));
        self.invoke(&call).await
    }

    /// Takes a place in a day that began so long ago; `counted` where GLPI was asked for it. `appearing`: how many
    /// tickets may appear of which Redis does not know, where it is in doubt.
    pub(super) async fn reserve(
        &self,
        reference: Reference,
        day: DayMark,
        (limit, appearing): (u32, u32),
        age_of_day: Duration,
        counted: Option<Counted<'_>>,
    ) -> RedisResult<Reservation> {
        let word: String = self
            .run_with_epoch(&OPERATIONS.reserve, |call| {
                call.key(self.day_key(day));
                call.arg(reference.to_string()).arg(limit).arg(millis(age_of_day));
                call.arg(millis(self.give_up)).arg(millis(MEMORY)).arg(appearing).arg(u8::from(counted.is_some()));
                if let Some(Counted { found, under_way }) = counted {
                    call.arg(found.len());
                    for reference in found.iter().chain(under_way) {
                        call.arg(reference.to_string());
                    }
                }
            })
            .await?;
        Ok(match word.as_str() {
            "reserved" => Reservation::Reserved,
            "full" => Reservation::Full,
            "unsettled" => Reservation::Unsettled,
            _ => Reservation::Recount,
        })
    }

    /// How many places of a day that began so long ago are taken; `None` where Redis does not know all of it.
    pub(super) async fn taken(&self, day: DayMark, age_of_day: Duration) -> RedisResult<Option<usize>> {
        let taken: i64 = self
            .run_with_epoch(&OPERATIONS.taken, |call| {
                call.key(self.day_key(day));
                call.arg(millis(age_of_day));
            })
            .await?;
        Ok(usize::try_from(taken).ok())
    }

    pub(super) async fn give_back(&self, reference: Reference, day: DayMark) -> RedisResult<()> {
        let mut call = OPERATIONS.give_back.key(self.day_key(day));
        call.arg(reference.to_string());
        self.invoke(&call).await
    }

    pub(super) async fn first_notice(&self, day: DayMark, notice: &str) -> RedisResult<bool> {
        let options =
            SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(SetExpiry::PX(millis(MEMORY)));
        let key = self.keyed("notice", &format!("{day} {notice}"));
        let setting = async {
            let mut connection = self.server.connection().await?;
            connection.set_options::<_, _, Option<String>>(key, 1, options).await
        };
        Ok(self.noticing(setting.await)?.is_some())
    }

    /// Gets or keeps the lease of this name for `life`; false: another instance has it.
    pub(super) async fn lease(&self, name: &str, life: Duration) -> RedisResult<bool> {
        let mut call = OPERATIONS.lease.key(self.keyed("lease", name));
        call.arg(&self.token).arg(millis(life));
        self.invoke(&call).await
    }

    pub(super) async fn hand_back(&self, name: &str) -> RedisResult<()> {
        let mut call = OPERATIONS.hand_back.key(self.keyed("lease", name));
        call.arg(&self.token);
        self.invoke(&call).await
    }

    /// Whether what was signed comes with the key it first came with, which is remembered for `life`.
    pub(super) async fn keep_key(&self, signed: &str, key: &str, life: Duration) -> RedisResult<bool> {
        let mut call = OPERATIONS.keep_key.key(self.keyed("signed", signed));
        call.arg(self.keyed("key", key)).arg(millis(life));
        self.invoke(&call).await
    }

    /// Counts a failure of a request; gives how many there are.
    pub(super) async fn failed(&self, reference: Reference) -> RedisResult<u32> {
        let mut call = OPERATIONS.failed.key(format!("{}failures:{reference}", self.prefix));
        call.arg(millis(MEMORY));
        self.invoke(&call).await
    }

    pub(super) async fn forgive(&self, reference: Reference) -> RedisResult<()> {
        let key = format!("{}failures:{reference}", self.prefix);
        let deleting = async { self.server.connection().await?.del(key).await };
        self.noticing(deleting.await)
    }

    /// Whether Redis answers to scripts, and its `maxmemory-policy`, where it may be asked.
    pub(super) async fn probe(&self) -> RedisResult<Option<String>> {
        let mut connection = self.server.connection().await?;
        // What the scripts need, too: an account may lack it.
        let _: i64 = Script::new("redis.call('TIME') return #redis.call('INFO', 'server')")
            .invoke_async(&mut connection)
            .await?;
        let policy: RedisResult<Vec<String>> =
            redis::cmd("CONFIG").arg("GET").arg("maxmemory-policy").query_async(&mut connection).await;
        Ok(policy.ok().and_then(|answer| answer.into_iter().nth(1)))
    }

    /// Runs a script that reads the epoch, renewing it when this instance missed something before, and once more when the
    /// server's clock turns out to have jumped: by that clock it says since when it remembers.
    async fn run_with_epoch<T: FromRedisValue>(
        &self,
        operation: &'static Operation,
        prepare: impl Fn(&mut Call),
    ) -> RedisResult<T> {
        let misses = self.misses.load(Ordering::Acquire);
        let renewal = match self.covered.load(Ordering::Acquire) {
            covered if covered >= misses => 0_u8,
            0 if misses == STARTS => 2,
            _ => 1,
        };
        let run = async |renewal: u8| {
            let mut call = operation.key(format!("{}epoch", self.prefix));
            call.arg(renewal).arg(millis(self.aftermath)).arg(millis(self.aftermath.min(TO_TELL)));
            prepare(&mut call);
            let asked = Instant::now();
            let (now, answer): (u64, T) = self.invoke(&call).await?;
            RedisResult::Ok((self.clock.has_jumped(now, asked, Instant::now()), answer))
        };
        let (has_jumped, mut answer) = run(renewal).await?;
        if has_jumped {
            tracing::warn!("Redis's clock has jumped: what it remembers counts from now on");
            answer = run(JUMPED).await?.1;
        }
        self.covered.fetch_max(misses, Ordering::AcqRel);
        Ok(answer)
    }

    /// Runs a script; once more where the connection turns out to have ended meanwhile, or the master to be one no more:
    /// each script may be run twice.
    async fn invoke<T: FromRedisValue>(&self, call: &Call) -> RedisResult<T> {
        Ok(from_redis_value(self.noticing(self.run(call).await)?)?)
    }

    /// Its future is large, and whoever asks Redis holds it.
    fn run<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, RedisResult<Value>> {
        Box::pin(async {
            match call.run(&mut self.server.connection().await?).await {
                Err(error) if self.server.is_gone(&error).await => call.run(&mut self.server.connection().await?).await,
                answer => answer,
            }
        })
    }

    fn miss(&self) {
        self.misses.fetch_add(1, Ordering::AcqRel);
    }

    /// Notes that Redis was not told something, or when it was told last.
    fn noticing<T>(&self, result: RedisResult<T>) -> RedisResult<T> {
        if result.is_err() {
            self.miss();
        } else {
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        result
    }

    fn request_key(&self, reference: Reference) -> String {
        format!("{}request:{reference}", self.prefix)
    }

    fn day_key(&self, day: DayMark) -> String {
        self.keyed("day", &day.to_string())
    }

    /// A key that stands for a person: a keyed digest, so that Redis holds nothing an address can be
    /// guessed from.
    fn keyed(&self, kind: &str, name: &str) -> String {
        let digest = match Hmac::<Sha256>::new_from_slice(self.key_secret.expose_secret()) {
            Ok(mut mac) => {
                mac.update(name.as_bytes());
                HEXLOWER.encode(&mac.finalize().into_bytes()[..16])
            }
            Err(never) => never.to_string(),
        };
        format!("{}{kind}:{digest}", self.prefix)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Why Redis cannot be used, for who runs a command; its own words are quoted.
pub(super) fn reason(error: &RedisError) -> Bilingual {
    let words = Bilingual::quoted(error);
    if error.kind() == ErrorKind::AuthenticationFailed || matches!(error.code(), Some("NOAUTH" | "WRONGPASS")) {
        return Bilingual::new(
            "Redis refuses to sign in, or wants a password: ",
            "Redis refuse la connexion de ce compte, ou veut un mot de passe\u{a0}: ",
        )
        .then("", &words);
    }
    match error.code() {
        Some("NOPERM") => {
            Bilingual::new("the account lacks a right: ", "il manque un droit à ce compte\u{a0}: ").then("", &words)
        }
        _ if error.is_connection_refusal() => Hindrance::Refused.reason(),
        _ if error.is_timeout() => Hindrance::Timeout.reason(),
        _ => Hindrance::under(error).map_or(words, |found| found.reason()),
    }
}
