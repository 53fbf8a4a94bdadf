"""Counting attempts in Redis, for all processes."""

from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from application.ports.rate_limits import RateLimits, RateLimitVerdict
from infrastructure.rate_limits.in_memory_rate_limits import InMemoryRateLimits, outlook, verdict
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.optional_dependency import OptionalDependency

# KEYS[1] the window, ARGV[1] its length in milliseconds → hits so far, milliseconds left
_HIT = """
local hits = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
    left = tonumber(ARGV[1])
end
return {hits, left}
"""
_PEEK = """
return {tonumber(redis.call('GET', KEYS[1]) or '0'), redis.call('PTTL', KEYS[1])}
"""


class RedisRateLimits(RateLimits):
    """One atomic round trip a hit. While Redis is away or slow the process counts for itself.

    It counts along all the time, so that who has used up his attempts here does not get new ones when Redis goes away.
    """

    def __init__(
        self, redis: Redis, breaker: Breaker, *, prefix: str = "limit:", fallback: InMemoryRateLimits | None = None
    ) -> None:
        self._redis = redis
        self._dependency = OptionalDependency(breaker, errors=(RedisError, OSError))
        self._prefix = prefix
        self._fallback = fallback or InMemoryRateLimits()
        self._hit = redis.register_script(_HIT)
        self._peek = redis.register_script(_PEEK)

    async def hit(self, key: str, *, limit: int, window_seconds: int) -> RateLimitVerdict:
        own = await self._fallback.hit(key, limit=limit, window_seconds=window_seconds)
        answer = await self._ask(lambda: self._hit([self._prefix + key], [window_seconds * 1000]))
        return verdict(answer[0], limit=limit, seconds_left=answer[1] / 1000) if answer else own

    async def peek(self, key: str, *, limit: int, window_seconds: int) -> RateLimitVerdict:
        answer = await self._ask(lambda: self._peek([self._prefix + key]))
        if answer is None:
            return await self._fallback.peek(key, limit=limit, window_seconds=window_seconds)
        hits, milliseconds_left = answer
        return outlook(hits, limit=limit, seconds_left=milliseconds_left / 1000 if hits else window_seconds)

    async def forget(self, key: str) -> None:
        await self._fallback.forget(key)
        await self._ask(lambda: self._redis.delete(self._prefix + key))

    async def _ask(self, command: Callable[[], Awaitable[Any]]) -> Any:
        """Redis' answer, None when it is away or slow."""
        return await self._dependency.ask(command)
