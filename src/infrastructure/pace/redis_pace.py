"""One pace for all processes, kept by Redis."""

from redis.asyncio import Redis
from redis.exceptions import RedisError

from application.ports.pace import Pace, Turn
from infrastructure.pace.in_memory_pace import InMemoryPace
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.optional_dependency import OptionalDependency

# KEYS[1] when the next turn is, in microseconds of Redis' clock. ARGV: microseconds between turns, and the longest
# wait. → microseconds to wait, '1' if reserved
_TURN = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local wait = at - now
if wait > tonumber(ARGV[2]) then
    return {wait, 0}
end
redis.call('SET', KEYS[1], string.format('%.0f', at + ARGV[1]), 'PX', math.ceil((wait + ARGV[1]) / 1000) + 1000)
return {wait, 1}
"""


class RedisPace(Pace):
    """Evenly spaced turns over all processes; while Redis is away each keeps the pace for itself."""

    def __init__(self, redis: Redis, breaker: Breaker, *, prefix: str = "pace:") -> None:
        self._dependency = OptionalDependency(breaker, errors=(RedisError, OSError))
        self._prefix = prefix
        self._alone = InMemoryPace()
        self._turn = redis.register_script(_TURN)

    async def turn(self, provider: str, *, per_second: float, longest_wait_seconds: float) -> Turn:
        microseconds = [round(1e6 / per_second), round(longest_wait_seconds * 1e6)]
        answer = await self._dependency.ask(lambda: self._turn([self._prefix + provider], microseconds))
        if answer is None:
            return await self._alone.turn(provider, per_second=per_second, longest_wait_seconds=longest_wait_seconds)
        wait, reserved = answer
        return Turn(wait / 1e6, reserved == 1)
