"""What the cache does in Redis in one go."""

# What is stored under the marks that are deleted is no hit any more, and every process is told in the same moment. The
# number counts invalidations: a Redis that knows a smaller one than somebody has seen was set back (restarted from an
# old copy, failed over, emptied), and nothing it holds is true. Deleting comes first: a full Redis lets a script go on
# that has begun to write. Who may not publish has told Redis all the same: the database tells the others.
INVALIDATE = """
for i = 2, #KEYS do redis.call('DEL', KEYS[i]) end
local number = tonumber(redis.call('GET', KEYS[1]) or '0')
if number < tonumber(ARGV[1]) then
    number = tonumber(ARGV[1])
    redis.call('DEL', ARGV[2])
end
number = number + 1
redis.call('SET', KEYS[1], number)
redis.pcall('PUBLISH', ARGV[3], number .. ' ' .. ARGV[4])
return number
"""

# The marks, new ones where there are none, alive for as long as a load may take; whether the caller is to load what
# belongs under them; and what somebody has stored there since the caller looked. Who loads since before an invalidation
# holds up nobody: his lock is for other marks.
CLAIM = """
local marks = {}
for i = 3, #KEYS do
    if not redis.call('SET', KEYS[i], ARGV[1] .. i, 'NX', 'PX', ARGV[2])
        and redis.call('PTTL', KEYS[i]) < tonumber(ARGV[2]) then
        redis.call('PEXPIRE', KEYS[i], ARGV[2])
    end
    marks[i - 2] = redis.call('GET', KEYS[i])
end
local joined = table.concat(marks, ',') .. '|'
local stored = redis.call('GET', KEYS[2])
if stored and string.sub(stored, 1, #joined) ~= joined then stored = false end
local lock = redis.call('GET', KEYS[1])
if lock and string.sub(lock, 1, #joined) == joined then return {joined, 0, stored} end
redis.call('SET', KEYS[1], joined .. ARGV[1], 'PX', ARGV[3])
return {joined, 1, stored}
"""

# Keeps a value and its marks for the same time, and lets go of the lock of its key if it is the caller's. Not by the
# option GT of PEXPIRE, which Redis 6.2 does not know.
STORE = """
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
for i = 3, #KEYS do
    if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
end
if redis.call('GET', KEYS[2]) == ARGV[3] then redis.call('DEL', KEYS[2]) end
return 1
"""

RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""
