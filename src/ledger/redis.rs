//! The memory that several instances share, in Redis. Each operation is one atomic script.
//!
//! *Redis knows since when it remembers.* The key `epoch` holds the moment from which on its memory is
//! complete, together with the server's `run_id`. It is set anew when it is missing (a flush), when the
//! `run_id` differs (a restart from an older snapshot, a fail-over to a replica that lagged behind), and by
//! an instance that starts or has been without Redis for a while: tickets may have been made meanwhile.
//! Positive knowledge (this reference has that ticket) stays true whatever the epoch.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use redis::{
    AsyncCommands as _, Client, ExistenceCheck, FromRedisValue, RedisError, RedisResult, Script, ScriptInvocation,
    SetExpiry, SetOptions,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;

use super::memory::{MEMORY, Reservation};
use crate::{
    config::ConfigError,
    request::{DayMark, Reference},
};

/// Reads or renews the epoch. KEYS[1] the epoch; ARGV[1] "1": the caller missed something. The time is the
/// server's, so that callers whose clocks differ agree.
const EPOCH: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = string.format('%d', now)
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '-'
local epoch = nil
local kept = redis.call('GET', KEYS[1])
if kept and ARGV[1] ~= '1' then
  local kept_run, kept_epoch = string.match(kept, '^(%S+) (%d+)$')
  if kept_run == run then epoch = tonumber(kept_epoch) end
end
if not epoch then
  epoch = now
  redis.call('SET', KEYS[1], run .. ' ' .. stamp)
end
";

/// KEYS[2] the request, KEYS[3…] its aliases; ARGV[2] token, ARGV[3] ms after which a claim is given up,
/// ARGV[4] ms to remember. A claim of the caller itself is renewed.
const CLAIM: &str = r"
local answer = 'claimed'
for i = 2, #KEYS do
  local held = redis.call('GET', KEYS[i])
  if held then
    local ticket = string.match(held, '^ticket (%d+)$')
    if ticket then return {'ticket', tonumber(ticket), epoch, i - 2} end
    local since, token = string.match(held, '^claim (%d+) (%S+)$')
    if i > 2 or token ~= ARGV[2] then
      if now - tonumber(since) < tonumber(ARGV[3]) then return {'busy', 0, epoch, 0} end
      answer = 'inherited'
    end
  end
end
redis.call('SET', KEYS[2], 'claim ' .. stamp .. ' ' .. ARGV[2], 'PX', ARGV[4])
return {answer, 0, epoch, 0}
";

/// Holds the claim of a creation that is under way, whatever became of it: Redis may have been emptied, and
/// another instance begun. KEYS[1] the request; ARGV[1] token, ARGV[2] ms to remember.
const ASSERT: &str = r"
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^ticket ') then return end
local time = redis.call('TIME')
local stamp = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('SET', KEYS[1], 'claim ' .. stamp .. ' ' .. ARGV[1], 'PX', ARGV[2])
";

/// KEYS[1] the request; ARGV[1] token.
const RELEASE: &str = r"
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^claim %d+ (%S+)$') == ARGV[1] then redis.call('DEL', KEYS[1]) end
";

/// A day is a sorted set of references: score 0 for a ticket that was made, else when the place was
/// reserved, so that what a crashed instance left behind is given back. The member `counted` has the
/// negative of the epoch for which GLPI was asked too. KEYS[2] the day; ARGV[2] reference, ARGV[3] limit,
/// ARGV[4] start of the day, ms, ARGV[5] ms after which a reservation is given up, ARGV[6] ms to remember,
/// ARGV[7] "1" when the day was just counted: then ARGV[8] tells how many references follow that GLPI has;
/// the rest are under way at the caller.
const RESERVE: &str = r"
local day = KEYS[2]
if ARGV[7] == '1' then
  redis.call('ZADD', day, -epoch, 'counted')
  local found = tonumber(ARGV[8])
  for i = 9, #ARGV do
    if i < 9 + found then
      redis.call('ZADD', day, 0, ARGV[i])
    else
      redis.call('ZADD', day, 'NX', now, ARGV[i])
    end
  end
end
local counted = redis.call('ZSCORE', day, 'counted')
if epoch > tonumber(ARGV[4]) and not (counted and tonumber(counted) == -epoch) then return 'recount' end
redis.call('ZREMRANGEBYSCORE', day, 1, now - tonumber(ARGV[5]))
local taken = redis.call('ZCARD', day)
if counted then taken = taken - 1 end
if not redis.call('ZSCORE', day, ARGV[2]) then
  if taken >= tonumber(ARGV[3]) then return 'full' end
  redis.call('ZADD', day, now, ARGV[2])
end
redis.call('PEXPIRE', day, ARGV[6])
return 'reserved'
";

/// The request's ticket. KEYS[1] the request, KEYS[2] the day, if it counts for one; ARGV[1] reference, ARGV[2] ticket, ARGV[3] ms
/// to remember, ARGV[4] "1": it takes a place in this day even if none was reserved.
const SETTLE: &str = r"
redis.call('SET', KEYS[1], 'ticket ' .. ARGV[2], 'PX', ARGV[3])
if not KEYS[2] then return end
if ARGV[4] == '1' then
  redis.call('ZADD', KEYS[2], 0, ARGV[1])
else
  redis.call('ZADD', KEYS[2], 'XX', 0, ARGV[1])
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
";

/// A reserved place whose ticket was not made is given back. KEYS[1] the day; ARGV[1] reference.
const GIVE_BACK: &str = r"
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if score and tonumber(score) > 0 then redis.call('ZREM', KEYS[1], ARGV[1]) end
";

/// Gets or keeps a lease. KEYS[1] the lease; ARGV[1] token, ARGV[2] ms it lasts.
const LEASE: &str = r"
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
";

/// KEYS[1] the lease; ARGV[1] token.
const HAND_BACK: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
";

/// KEYS[1] a request's failures; ARGV[1] ms to remember.
const FAILED: &str = r"
local failures = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return failures
";

/// The scripts, with the epoch's part before those that need it.
struct Scripts {
    claim: Script,
    assert: Script,
    release: Script,
    reserve: Script,
    settle: Script,
    give_back: Script,
    lease: Script,
    hand_back: Script,
    failed: Script,
}

static SCRIPTS: LazyLock<Scripts> = LazyLock::new(|| {
    let with_epoch = |body: &str| Script::new(&format!("{EPOCH}{body}"));
    Scripts {
        claim: with_epoch(CLAIM),
        assert: Script::new(ASSERT),
        release: Script::new(RELEASE),
        reserve: with_epoch(RESERVE),
        settle: Script::new(SETTLE),
        give_back: Script::new(GIVE_BACK),
        lease: Script::new(LEASE),
        hand_back: Script::new(HAND_BACK),
        failed: Script::new(FAILED),
    }
});

pub(super) struct Redis {
    connection: ConnectionManager,
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
    Ticket(Reference, u64),
    /// Another instance is at it.
    Busy,
    /// It is claimed for this instance now. `remembers_since`: what came before may be unknown to Redis;
    /// `None`: another instance gave up in the middle, so a ticket may exist.
    Claimed { remembers_since: Option<Timestamp> },
}

/// What Redis says of requests without claiming them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// One has this ticket.
    Ticket(u64),
    /// An instance is at one.
    Busy,
    /// None is known.
    Nothing,
}

impl Redis {
    /// Looks for the ticket of one of these requests, the first that has any.
    pub(super) async fn look(&self, references: &[Reference]) -> RedisResult<Seen> {
        let keys: Vec<String> = references.iter().map(|reference| self.request_key(*reference)).collect();
        let mut connection = self.connection.clone();
        let held: Vec<Option<String>> = self.noticing(connection.mget(&keys).await)?;
        let mut seen = Seen::Nothing;
        for value in held.iter().flatten() {
            let mut words = value.split(' ');
            match (words.next(), words.next().and_then(|number| number.parse::<u64>().ok())) {
                (Some("ticket"), Some(ticket)) => return Ok(Seen::Ticket(ticket)),
                (Some("claim"), Some(since)) => {
                    let age = millis(Duration::from_millis(
                        u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default().saturating_sub(since),
                    ));
                    if age < millis(self.give_up) {
                        seen = Seen::Busy;
                    }
                }
                _ => {}
            }
        }
        Ok(seen)
    }

    pub(super) fn new(
        config: &crate::config::Redis,
        key_secret: SecretSlice<u8>,
        token: String,
        give_up: Duration,
    ) -> Result<Self, ConfigError> {
        let wrong = |error: RedisError| {
            ConfigError::setting(
                format!("redis.url cannot be used: {error}"),
                "Give it as redis://user:password@host:6379/0, or rediss://… for TLS.",
            )
        };
        let url = config.url.as_ref().map_or("", |url| url.expose_secret());
        // Lazy: the gateway starts, and goes on, without Redis.
        let manager = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(200))
            .set_connection_timeout(Some(config.timeout))
            .set_response_timeout(Some(config.timeout));
        let connection =
            ConnectionManager::new_lazy_with_config(Client::open(url).map_err(wrong)?, manager).map_err(wrong)?;
        Ok(Self {
            connection,
            prefix: config.prefix.clone(),
            key_secret,
            token,
            misses: AtomicU64::new(1),
            covered: AtomicU64::new(0),
            give_up,
        })
    }

    pub(super) async fn claim(&self, reference: Reference, aliases: &[Reference]) -> RedisResult<Held> {
        let (word, ticket, epoch, name): (String, u64, i64, usize) = self
            .run_with_epoch(&SCRIPTS.claim, |call| {
                call.key(self.request_key(reference));
                for alias in aliases {
                    call.key(self.request_key(*alias));
                }
                call.arg(&self.token).arg(millis(self.give_up)).arg(millis(MEMORY));
            })
            .await?;
        let remembers_since = Timestamp::from_millisecond(epoch).ok();
        Ok(match word.as_str() {
            "ticket" => {
                let alias = name.checked_sub(1).and_then(|index| aliases.get(index));
                Held::Ticket(alias.copied().unwrap_or(reference), ticket)
            }
            "busy" => Held::Busy,
            "claimed" => Held::Claimed { remembers_since },
            _ => Held::Claimed { remembers_since: None },
        })
    }

    pub(super) async fn assert(&self, reference: Reference) -> RedisResult<()> {
        let mut call = SCRIPTS.assert.key(self.request_key(reference));
        call.arg(&self.token).arg(millis(MEMORY));
        self.invoke(&call).await
    }

    pub(super) async fn release(&self, reference: Reference) -> RedisResult<()> {
        let mut call = SCRIPTS.release.key(self.request_key(reference));
        call.arg(&self.token);
        self.invoke(&call).await
    }

    pub(super) async fn settle(
        &self,
        reference: Reference,
        day: Option<DayMark>,
        ticket: u64,
        new: bool,
    ) -> RedisResult<()> {
        let mut call = SCRIPTS.settle.key(self.request_key(reference));
        if let Some(day) = day {
            call.key(self.day_key(day));
        }
        call.arg(reference.to_string()).arg(ticket).arg(millis(MEMORY)).arg(u8::from(new));
        self.invoke(&call).await
    }

    /// Takes a place; `counted` where GLPI was asked for the day.
    pub(super) async fn reserve(
        &self,
        reference: Reference,
        day: DayMark,
        limit: u32,
        day_began: Timestamp,
        counted: Option<Counted<'_>>,
    ) -> RedisResult<Reservation> {
        let word: String = self
            .run_with_epoch(&SCRIPTS.reserve, |call| {
                call.key(self.day_key(day));
                call.arg(reference.to_string()).arg(limit).arg(day_began.as_millisecond());
                call.arg(millis(self.give_up)).arg(millis(MEMORY)).arg(u8::from(counted.is_some()));
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
            _ => Reservation::Recount,
        })
    }

    pub(super) async fn give_back(&self, reference: Reference, day: DayMark) -> RedisResult<()> {
        let mut call = SCRIPTS.give_back.key(self.day_key(day));
        call.arg(reference.to_string());
        self.invoke(&call).await
    }

    pub(super) async fn first_notice(&self, day: DayMark, notice: &str) -> RedisResult<bool> {
        let options =
            SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(SetExpiry::PX(millis(MEMORY)));
        let key = self.keyed("notice", &format!("{day} {notice}"));
        let set: Option<String> = self.noticing(self.connection.clone().set_options(key, 1, options).await)?;
        Ok(set.is_some())
    }

    /// Gets or keeps the lease of this name for `life`; false: another instance has it.
    pub(super) async fn lease(&self, name: &str, life: Duration) -> RedisResult<bool> {
        let mut call = SCRIPTS.lease.key(self.keyed("lease", name));
        call.arg(&self.token).arg(millis(life));
        self.invoke(&call).await
    }

    pub(super) async fn hand_back(&self, name: &str) -> RedisResult<()> {
        let mut call = SCRIPTS.hand_back.key(self.keyed("lease", name));
        call.arg(&self.token);
        self.invoke(&call).await
    }

    /// Counts a failure of a request; gives how many there are.
    pub(super) async fn failed(&self, reference: Reference) -> RedisResult<u32> {
        let mut call = SCRIPTS.failed.key(format!("{}failures:{reference}", self.prefix));
        call.arg(millis(MEMORY));
        self.invoke(&call).await
    }

    pub(super) async fn forgive(&self, reference: Reference) -> RedisResult<()> {
        let key = format!("{}failures:{reference}", self.prefix);
        self.noticing(self.connection.clone().del(key).await)
    }

    /// Whether Redis answers to scripts, and its `maxmemory-policy`, where it may be asked.
    pub(super) async fn probe(&self) -> RedisResult<Option<String>> {
        let mut connection = self.connection.clone();
        // What the scripts need, too: an account may lack it.
        let _: i64 = Script::new("redis.call('TIME') return #redis.call('INFO', 'server')")
            .invoke_async(&mut connection)
            .await?;
        let policy: RedisResult<Vec<String>> =
            redis::cmd("CONFIG").arg("GET").arg("maxmemory-policy").query_async(&mut connection).await;
        Ok(policy.ok().and_then(|answer| answer.into_iter().nth(1)))
    }

    /// Runs a script that reads the epoch, renewing it when this instance missed something before.
    async fn run_with_epoch<T: FromRedisValue>(
        &self,
        script: &Script,
        prepare: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> RedisResult<T> {
        let misses = self.misses.load(Ordering::Acquire);
        let renew = self.covered.load(Ordering::Acquire) < misses;
        let mut call = script.key(format!("{}epoch", self.prefix));
        call.arg(u8::from(renew));
        prepare(&mut call);
        let answer = self.invoke(&call).await?;
        self.covered.fetch_max(misses, Ordering::AcqRel);
        Ok(answer)
    }

    /// Runs a script; once more where the connection turns out to have ended meanwhile: each script may be
    /// run twice.
    async fn invoke<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> RedisResult<T> {
        let mut connection = self.connection.clone();
        let first = call.invoke_async(&mut connection).await;
        let ended = |error: &RedisError| error.is_io_error() && !error.is_timeout() && !error.is_connection_refusal();
        match first {
            Err(error) if ended(&error) => self.noticing(call.invoke_async(&mut connection).await),
            answer => self.noticing(answer),
        }
    }

    /// Notes that Redis was not told something.
    fn noticing<T>(&self, result: RedisResult<T>) -> RedisResult<T> {
        if result.is_err() {
            self.misses.fetch_add(1, Ordering::AcqRel);
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
