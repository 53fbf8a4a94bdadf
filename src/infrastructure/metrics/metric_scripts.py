"""What Redis does with measurements. All keys begin with the prefix, which ends in a hash tag."""

# What one process measured is added to what all have measured, once: a push whose answer was lost comes again under
# its number. → seconds for which somebody still watches
# KEYS[1] until when somebody watches, [2] the number of this process' last push. ARGV[1] the number of this one,
# [2] seconds to remember it, [3] what was measured: key → {seconds to keep, field → amount} or {…, seen: accounts}.
PUSH = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
    redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
    for key, told in pairs(cjson.decode(ARGV[3])) do
        for field, amount in pairs(told.amounts or {}) do
            redis.call('HINCRBYFLOAT', key, field, string.format('%.17g', amount))
        end
        for _, account in ipairs(told.seen or {}) do
            redis.call('PFADD', key, account)
        end
        redis.call('EXPIRE', key, told.keep)
    end
end
return redis.call('TTL', KEYS[1])
"""

# The sums of the window, of its last slots, of two minutes by second, and how many accounts were seen.
# KEYS[1] until when somebody watches, then slots, minutes and accounts by slot. ARGV: seconds to go on watching (0:
# nobody does), how many slots there are, how many of them are the last, how much of the one before them counts with
# these, and how many minutes there are.
READ = """
if tonumber(ARGV[1]) > 0 then
    redis.call('SET', KEYS[1], '1', 'EX', ARGV[1])
end
local slots, recent, share, minutes = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local window, minute = {}, {}
for place = 1, slots do
    local found = redis.call('HGETALL', KEYS[1 + place])
    for at = 1, #found, 2 do
        local name, amount = found[at], tonumber(found[at + 1])
        window[name] = (window[name] or 0) + amount
        if place > slots - recent then
            minute[name] = (minute[name] or 0) + amount
        elseif place == slots - recent then
            minute[name] = (minute[name] or 0) + amount * share
        end
    end
end
local function told(sums)
    local flat = {}
    for name, amount in pairs(sums) do
        flat[#flat + 1] = name
        flat[#flat + 1] = string.format('%.17g', amount)
    end
    return flat
end
local seconds, seen = {}, {}
for place = 2 + slots, 1 + slots + minutes do
    for _, found in ipairs(redis.call('HGETALL', KEYS[place])) do
        seconds[#seconds + 1] = found
    end
end
for place = 2 + slots + minutes, #KEYS do
    seen[#seen + 1] = KEYS[place]
end
return {told(window), told(minute), seconds, redis.call('PFCOUNT', unpack(seen))}
"""
