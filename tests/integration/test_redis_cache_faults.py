"""The cache while Redis is away, frozen and back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from redis.asyncio import Redis

from application.ports.cache import Cache, CacheOutcome
from infrastructure.cache.redis_cache import RedisCache
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.redis.redis_client import create_quick_redis
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker, BreakerRule
from tests.support.servers import RedisProcess

GENEROUS_SECONDS = 3
PATIENT = BreakerRule(failures_to_open=2, open_seconds=0.05, timeout_seconds=5, successes_to_close=1)


@pytest.fixture
async def client(redis_process: RedisProcess) -> AsyncIterator[Redis]:
    async with aclosing(create_quick_redis(redis_process.url)) as client:
        yield client


def _cache(client: Redis, rule: BreakerRule = BREAKER_RULES["cache"]) -> RedisCache:
    return RedisCache(client, Breaker("cache", rule), InMemoryMetrics())


async def _ask(cache: Cache, value: bytes = b"value", key: str = "home:be") -> tuple[bytes, CacheOutcome]:
    async def load() -> bytes:
        return value

    answer = await cache.get_or_load(key, load, ttl_seconds=60, tags=["a"])
    return answer.value, answer.outcome


async def _ask_until_hit(cache: Cache, value: bytes) -> None:
    async with asyncio.timeout(10):
        while await _ask(cache, value) != (value, CacheOutcome.HIT):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("fault", ["away", "frozen"])
async def test_the_loader_answers_soon_while_redis_is_not_there(
    redis_process: RedisProcess, client: Redis, fault: str
) -> None:
    cache = _cache(client)
    await _ask(cache)
    redis_process.stop() if fault == "away" else redis_process.pause()
    for number in range(20):
        async with asyncio.timeout(GENEROUS_SECONDS):
            assert await _ask(cache, b"%d" % number) == (b"%d" % number, CacheOutcome.MISS)
            await cache.invalidate(["a"])
            await cache.clear()
    redis_process.resume()


@pytest.mark.parametrize("fault", ["away", "frozen"])
async def test_many_callers_at_once_wait_no_longer_than_one(
    redis_process: RedisProcess, client: Redis, fault: str
) -> None:
    cache = _cache(client)
    redis_process.stop() if fault == "away" else redis_process.pause()
    async with asyncio.timeout(GENEROUS_SECONDS):
        answers = await asyncio.gather(*(_ask(cache, key=f"home:{number % 50}") for number in range(200)))
    assert set(answers) == {(b"value", CacheOutcome.MISS)}
    redis_process.resume()


async def test_hits_come_back_with_redis(redis_process: RedisProcess, client: Redis) -> None:
    cache = _cache(client)
    redis_process.stop()
    await _ask(cache)
    redis_process.start()
    await _ask_until_hit(cache, b"value")


@pytest.mark.parametrize("forget", ["invalidate", "clear"])
async def test_what_was_invalidated_while_redis_was_frozen_is_never_a_hit_again(
    redis_process: RedisProcess, client: Redis, forget: str
) -> None:
    cache = _cache(client)
    await _ask(cache, b"old")
    redis_process.pause()
    await (cache.invalidate(["a"]) if forget == "invalidate" else cache.clear())
    redis_process.resume()
    async with asyncio.timeout(10):
        while (answer := await _ask(cache, b"new")) != (b"new", CacheOutcome.HIT):
            assert answer == (b"new", CacheOutcome.MISS)
            await asyncio.sleep(0.005)


async def test_an_invalidation_whose_caller_left_is_made_good(redis_process: RedisProcess, client: Redis) -> None:
    cache = _cache(client, PATIENT)
    await _ask(cache, b"old")
    redis_process.pause()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await cache.invalidate(["a"])
    redis_process.resume()
    assert await _ask(cache, b"new") == (b"new", CacheOutcome.MISS)


async def test_a_redis_that_refuses_writes_is_as_good_as_none(redis_process: RedisProcess, client: Redis) -> None:
    await client.config_set("maxmemory", "1")
    cache = _cache(client)
    for number in range(5):
        assert await _ask(cache, b"%d" % number) == (b"%d" % number, CacheOutcome.MISS)


async def test_an_evicted_mark_costs_a_miss_and_nothing_else(redis_process: RedisProcess, client: Redis) -> None:
    cache = _cache(client, PATIENT)
    await _ask(cache, b"old")
    await client.delete("cache:mark:a")
    assert await _ask(cache, b"new") == (b"new", CacheOutcome.MISS)
    assert await _ask(cache, b"newer") == (b"new", CacheOutcome.HIT)
