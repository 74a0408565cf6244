//! What is done in Redis, each operation one atomic script; it may run twice.

use std::sync::LazyLock;

use super::call::Operation;

/// Reads or renews the epoch. KEYS[1] the epoch; ARGV[1] "1": the caller missed something, "2": it starts, "3": the
/// server's clock has jumped; ARGV[2] ms for which what Redis lost may be under way, ARGV[3] the same for what it was not told. The time is the server's,
/// so that callers whose clocks differ agree; what is dated later than now is of before that clock went back, and counts as
/// of now.
const EPOCH: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = string.format('%d', now)
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '-'
local evicted = string.match(redis.call('INFO', 'stats'), 'evicted_keys:(%d+)') or '0'
local epoch, doubt = nil, now + tonumber(ARGV[2])
local kept = redis.call('GET', KEYS[1])
if kept then
  local kept_run, kept_epoch, kept_evicted, kept_doubt = string.match(kept, '^(%S+) (%d+) (%d+) (%d+)$')
  if kept_run == run and ARGV[1] ~= '3' then
    doubt = math.min(tonumber(kept_doubt), now + math.max(tonumber(ARGV[2]), tonumber(ARGV[3])))
    if ARGV[1] == '1' then doubt = math.max(doubt, now + tonumber(ARGV[3])) end
    if ARGV[1] == '0' and kept_evicted == evicted and tonumber(kept_epoch) <= now then epoch = tonumber(kept_epoch) end
  end
end
if not epoch then
  epoch = now
  redis.call('SET', KEYS[1], string.format('%s %s %s %d', run, stamp, evicted, doubt))
end
";

/// KEYS[2] the request, KEYS[3…] its aliases; ARGV[4] token, ARGV[5] ms after which a claim is given up,
/// ARGV[6] ms to remember. A claim of the caller itself is renewed; one whose creation has begun has a mark behind its
/// token. Answers with ms since the epoch, and until nothing unknown can be under way.
const CLAIM: &str = r"
local answer = 'claimed'
local mine, begun = ARGV[4], ARGV[4] .. '!'
local age, left = now - epoch, math.max(0, doubt - now)
for i = 2, #KEYS do
  local held = redis.call('GET', KEYS[i])
  if held then
    local ticket = string.match(held, '^ticket (%d+)$')
    if ticket then return {'ticket', tonumber(ticket), age, left, i - 2} end
    local since, token = string.match(held, '^claim (%d+) (%S+)$')
    if i == 2 and token == begun then mine = begun end
    if i > 2 or token ~= mine then
      if tonumber(since) > now then
        since = stamp
        redis.call('SET', KEYS[i], 'claim ' .. stamp .. ' ' .. token, 'PX', ARGV[6])
      end
      if now - tonumber(since) < tonumber(ARGV[5]) then return {'busy', 0, age, left, 0} end
      answer = 'inherited'
    end
  end
end
redis.call('SET', KEYS[2], 'claim ' .. stamp .. ' ' .. mine, 'PX', ARGV[6])
return {answer, 0, age, left, 0}
";

/// What is known of requests that are not claimed here. KEYS the requests; ARGV[1] ms after which a claim is given up.
const LOOK: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = 'nothing'
for _, key in ipairs(KEYS) do
  local held = redis.call('GET', key) or ''
  local ticket = string.match(held, '^ticket (%d+)$')
  if ticket then return {'ticket', tonumber(ticket)} end
  local since, token = string.match(held, '^claim (%d+) (%S+)$')
  if since and tonumber(since) > now then
    since = string.format('%d', now)
    redis.call('SET', key, 'claim ' .. since .. ' ' .. token, 'PX', math.max(1, redis.call('PTTL', key)))
  end
  if since and now - tonumber(since) < tonumber(ARGV[1]) then answer = 'busy' end
end
return {answer, 0}
";

/// Holds a claim and its place in the day, whatever became of them: Redis may have been emptied, and another instance
/// begun. A creation that has begun, or was left open, comes before all; of those that wait for their turn, the first by
/// its token keeps the claim, so that the others give way in time. KEYS[1] the request, KEYS[2] the day, if it takes a
/// place; ARGV[1] token, ARGV[2] ms to remember, ARGV[3] ms since the claim was made, ARGV[4] reference, ARGV[5] "1": its
/// creation has begun, ARGV[6] ms after which a claim is given up.
const ASSERT: &str = r"
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^ticket ') then return end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local began = now - tonumber(ARGV[3])
local token, begun = ARGV[1], ARGV[1] .. '!'
if ARGV[5] == '1' then
  token = begun
elseif held then
  local since, other = string.match(held, '^claim (%d+) (%S+)$')
  if other == begun then
    token = begun
  elseif other and now - tonumber(since) < tonumber(ARGV[6]) and (string.sub(other, -1) == '!' or other < token) then
    return
  end
end
redis.call('SET', KEYS[1], string.format('claim %d %s', began, token), 'PX', ARGV[2])
if not KEYS[2] then return end
local score = redis.call('ZSCORE', KEYS[2], ARGV[4])
if score and tonumber(score) == 0 then return end
redis.call('ZADD', KEYS[2], began, ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
";

/// KEYS[1] the request; ARGV[1] token.
const RELEASE: &str = r"
local held = redis.call('GET', KEYS[1])
local token = held and string.match(held, '^claim %d+ (%S+)$')
if token == ARGV[1] or token == ARGV[1] .. '!' then redis.call('DEL', KEYS[1]) end
";

/// A day is a sorted set of references: score 0 for a ticket that was made, else when its creation began. One whose
/// time is over is given back once GLPI was asked. The member `counted` has the negative of the epoch for which GLPI
/// was asked too; a count while something unknown may be under way is good for one look. KEYS[2] the day; ARGV[4]
/// reference, ARGV[5] limit, ARGV[6] ms since the day began, ARGV[7] ms after which a reservation is given up, ARGV[8]
/// ms to remember, ARGV[9] how many tickets may appear of which nobody knows, ARGV[10] "1" when the day was just
/// counted: then ARGV[11] tells how many references follow that GLPI has; the rest are under way at the caller.
const RESERVE: &str = r"
local day, limit = KEYS[2], tonumber(ARGV[5])
local over = now - tonumber(ARGV[7])
local is_counted, in_doubt = ARGV[10] == '1', now < doubt
for _, later in ipairs(redis.call('ZRANGEBYSCORE', day, '(' .. stamp, '+inf')) do redis.call('ZADD', day, now, later) end
if is_counted then
  redis.call('ZREMRANGEBYSCORE', day, 1, over)
  if not in_doubt then redis.call('ZADD', day, -epoch, 'counted') end
  local found = tonumber(ARGV[11])
  for i = 12, #ARGV do
    if i < 12 + found then
      redis.call('ZADD', day, 0, ARGV[i])
    else
      redis.call('ZADD', day, 'NX', now, ARGV[i])
    end
  end
end
local remembered = epoch <= now - tonumber(ARGV[6])
local counted = redis.call('ZSCORE', day, 'counted')
if not is_counted and not remembered and not (counted and tonumber(counted) == -epoch) then return 'recount' end
redis.call('PEXPIRE', day, ARGV[8])
local taken = redis.call('ZSCORE', day, ARGV[4])
if taken then
  if tonumber(taken) > 0 then redis.call('ZADD', day, now, ARGV[4]) end
  return 'reserved'
end
if redis.call('ZCOUNT', day, 0, 0) >= limit then return 'full' end
local places = redis.call('ZCOUNT', day, 0, '+inf')
if places >= limit and not is_counted and redis.call('ZCOUNT', day, 1, over) > 0 then return 'recount' end
if in_doubt and not remembered then places = places + tonumber(ARGV[9]) end
if places >= limit then return 'unsettled' end
redis.call('ZADD', day, now, ARGV[4])
redis.call('PEXPIRE', day, ARGV[8])
return 'reserved'
";

/// How many places of a day are taken; -1 where GLPI is to be asked. KEYS[2] the day; ARGV[4] ms since the day began.
const TAKEN: &str = r"
local counted = redis.call('ZSCORE', KEYS[2], 'counted')
if epoch > now - tonumber(ARGV[4]) and not (counted and tonumber(counted) == -epoch) then return -1 end
return redis.call('ZCOUNT', KEYS[2], 0, '+inf')
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

/// Gets or keeps a lease. KEYS[1] the lease; ARGV[1] token, ARGV[2] ms it lasts: none has longer, but where the clock went
/// back.
const LEASE: &str = r"
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  if redis.call('PTTL', KEYS[1]) > tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
";

/// KEYS[1] the lease; ARGV[1] token.
const HAND_BACK: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
";

/// The instances at work, by when they last said so. KEYS[2] all of them; ARGV[4] token, ARGV[5] ms after which one that
/// is silent counts as gone.
const APPEAR: &str = r"
local instances = KEYS[2]
redis.call('ZREMRANGEBYSCORE', instances, '(' .. stamp, '+inf')
redis.call('ZADD', instances, now, ARGV[4])
redis.call('ZREMRANGEBYSCORE', instances, 0, now - tonumber(ARGV[5]))
redis.call('PEXPIRE', instances, ARGV[5])
return redis.call('ZRANGE', instances, 0, -1)
";

/// KEYS[1] a request's failures; ARGV[1] ms to remember.
const FAILED: &str = r"
local failures = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return failures
";

/// The key a signed call first came with. KEYS[1] what was signed; ARGV[1] the key it comes with, ARGV[2] ms to remember.
const KEEP_KEY: &str = r"
local kept = redis.call('GET', KEYS[1])
if kept then return kept == ARGV[1] and 1 or 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
";

/// The operations, with the epoch's part before those that need it.
pub(super) struct Operations {
    pub(super) claim: Operation,
    pub(super) look: Operation,
    pub(super) assert: Operation,
    pub(super) release: Operation,
    pub(super) reserve: Operation,
    pub(super) taken: Operation,
    pub(super) settle: Operation,
    pub(super) give_back: Operation,
    pub(super) lease: Operation,
    pub(super) hand_back: Operation,
    pub(super) appear: Operation,
    pub(super) failed: Operation,
    pub(super) keep_key: Operation,
}

pub(super) static OPERATIONS: LazyLock<Operations> = LazyLock::new(|| {
    // Beside its answer each says what the time is.
    let with_epoch =
        |body: &str| Operation::new(&format!("{EPOCH}local function answer()\n{body}\nend\nreturn {{now, answer()}}"));
    Operations {
        claim: with_epoch(CLAIM),
        look: Operation::new(LOOK),
        assert: Operation::new(ASSERT),
        release: Operation::new(RELEASE),
        reserve: with_epoch(RESERVE),
        taken: with_epoch(TAKEN),
        settle: Operation::new(SETTLE),
        give_back: Operation::new(GIVE_BACK),
        lease: Operation::new(LEASE),
        hand_back: Operation::new(HAND_BACK),
        appear: with_epoch(APPEAR),
        failed: Operation::new(FAILED),
        keep_key: Operation::new(KEEP_KEY),
    }
});
