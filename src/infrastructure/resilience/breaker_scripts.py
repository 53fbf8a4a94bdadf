"""What happens to shared breakers inside Redis, each atomically and by Redis' own clock.

A breaker is a hash: version, state, failures, successes, reopened, reason, until and since (milliseconds), and `by`,
the author of that state. `version`
changes with every position, is never reused and is in microseconds, so that it grows even when Redis lost everything.
Every change is published with its author, who knows already. KEYS: the hash, the claim of the probe. ARGV begins with
channel, name, author and the version the author knows ('' for none, '*' to overrule). Each answers whether it did what
was asked ('1' or '0'), and the breaker as it is now in JSON.
"""

_COMMON = """
local hash, claim, channel, name, author, known = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local version = redis.call('HGET', hash, 'version') or ''
local state = redis.call('HGET', hash, 'state') or 'closed'
local is_known = known == '*' or version == '' or version == known

local function present()
    local fields, found = redis.call('HGETALL', hash), {}
    for i = 1, #fields, 2 do found[fields[i]] = fields[i + 1] end
    found.name, found.author = name, author
    found.now = string.format('%.0f', now)
    found.busy = tostring(math.max(0, redis.call('PTTL', claim)))
    return cjson.encode(found)
end

local function tell()
    redis.call('PUBLISH', channel, present())
end

local function move(to, wait, failures, successes, reopened, reason, keep)
    local next = math.max(time[1] * 1000000 + time[2], (tonumber(version) or 0) + 1)
    redis.call('HSET', hash, 'version', string.format('%.0f', next), 'state', to,
        'until', string.format('%.0f', now + wait), 'since', string.format('%.0f', now), 'failures', failures,
        'successes', successes, 'reopened', reopened, 'reason', reason, 'by', author)
    redis.call('PEXPIRE', hash, wait + keep)
end
"""

# … probe, state, milliseconds to wait, failures, successes, reopened, reason, milliseconds to keep it
MOVE = (
    _COMMON
    + """
local probe = ARGV[5]
local holds = redis.call('GET', claim) == probe
if holds or known == '*' then redis.call('DEL', claim) end
if is_known and (probe == '' or holds or version == '') then
    move(ARGV[6], tonumber(ARGV[7]), ARGV[8], ARGV[9], ARGV[10], ARGV[11], tonumber(ARGV[12]))
    tell()
    return {'1', present()}
end
return {'0', present()}
"""
)

# … '1' to forget the failures so far, failures to add, how many open it, milliseconds open, milliseconds to keep.
# Not done when the author knows another version, or the breaker is not closed.
COUNT = (
    _COMMON
    + """
local is_counted = is_known and state == 'closed'
if is_counted then
    local reset, added, most, keep = ARGV[5] == '1', tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[9])
    local before = tonumber(redis.call('HGET', hash, 'failures') or '0')
    local failures = (reset and 0 or before) + added
    if failures >= most then
        local reason = failures .. ' failures in a row'
        move('open', tonumber(ARGV[8]), failures, 0, 0, reason, keep)
    elseif version == '' then
        move('closed', 0, failures, 0, 0, '', keep)
    else
        redis.call('HSET', hash, 'failures', failures)
        redis.call('PEXPIRE', hash, keep)
    end
    if failures ~= before then tell() end
end
return {is_counted and '1' or '0', present()}
"""
)

# … probe, milliseconds the claim stands, milliseconds to keep
CLAIM = (
    _COMMON
    + """
local is_due = state ~= 'open' or tonumber(redis.call('HGET', hash, 'until')) <= now
if not is_known or not is_due or (version ~= '' and state == 'closed')
    or not redis.call('SET', claim, ARGV[5], 'NX', 'PX', ARGV[6]) then
    return {'0', present()}
end
local field = function(key, otherwise) return redis.call('HGET', hash, key) or otherwise end
move('half_open', 0, field('failures', 0), field('successes', 0), field('reopened', 0), field('reason', ''),
    tonumber(ARGV[7]))
tell()
return {'1', present()}
"""
)

# … probe
RELEASE = (
    _COMMON
    + """
if redis.call('GET', claim) == ARGV[5] then
    redis.call('DEL', claim)
    tell()
end
return {'1', present()}
"""
)

READ = _COMMON + "return {'1', present()}"
