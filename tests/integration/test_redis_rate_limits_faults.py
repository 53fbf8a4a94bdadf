"""Rate limits while Redis is away or frozen."""

import asyncio
from contextlib import aclosing

import pytest

from application.ports.rate_limits import RateLimits
from infrastructure.rate_limits.redis_rate_limits import RedisRateLimits
from infrastructure.redis.redis_client import create_quick_redis, create_redis
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker
from tests.support.servers import RedisProcess

GENEROUS_SECONDS = 30


async def _allowed(limits: RateLimits, hits: int, *, limit: int) -> int:
    verdicts = [await limits.hit("login:an", limit=limit, window_seconds=600) for _ in range(hits)]
    return sum(verdict.allowed for verdict in verdicts)


@pytest.mark.parametrize("fault", ["away", "frozen"])
async def test_the_process_counts_for_itself_and_knows_what_it_saw_before(
    redis_process: RedisProcess, fault: str
) -> None:
    async with aclosing(create_quick_redis(redis_process.url)) as client:
        limits = RedisRateLimits(client, Breaker("cache", BREAKER_RULES["cache"]))
        assert await _allowed(limits, 3, limit=10) == 3
        redis_process.stop() if fault == "away" else redis_process.pause()
        async with asyncio.timeout(GENEROUS_SECONDS):
            assert await _allowed(limits, 100, limit=10) == 7
            assert not (await limits.peek("login:an", limit=10, window_seconds=600)).allowed
            await limits.forget("login:an")
            assert (await limits.peek("login:an", limit=10, window_seconds=600)).allowed
        redis_process.resume()


async def test_redis_counts_again_when_it_is_back(redis_process: RedisProcess) -> None:
    patient = create_redis(redis_process.url, timeout_seconds=GENEROUS_SECONDS)
    async with aclosing(create_quick_redis(redis_process.url)) as client, aclosing(patient):
        limits = RedisRateLimits(client, Breaker("cache", BREAKER_RULES["cache"]))
        redis_process.stop()
        assert await _allowed(limits, 5, limit=10) == 5
        redis_process.start()
        async with asyncio.timeout(GENEROUS_SECONDS):
            while not await patient.exists("limit:login:an"):
                await limits.hit("login:an", limit=1_000_000, window_seconds=600)
