import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import uuid4

import pytest

from application.ports.rate_limits import RateLimits
from infrastructure.rate_limits.in_memory_rate_limits import InMemoryRateLimits
from infrastructure.rate_limits.redis_rate_limits import RedisRateLimits
from infrastructure.redis.redis_client import create_redis
from infrastructure.resilience.breaker import Breaker, BreakerRule

PATIENT = BreakerRule(failures_to_open=2, open_seconds=1, timeout_seconds=10, successes_to_close=1)


@pytest.fixture(params=["in memory", "redis"])
async def limits(request: pytest.FixtureRequest) -> AsyncIterator[RateLimits]:
    if request.param == "in memory":
        yield InMemoryRateLimits()
        return
    url: str = request.getfixturevalue("redis_server")
    async with aclosing(create_redis(url, timeout_seconds=10, retries=0)) as client:
        yield RedisRateLimits(client, Breaker("cache", PATIENT), prefix=f"{uuid4()}:")


async def test_exactly_the_limit_is_allowed(limits: RateLimits) -> None:
    verdicts = [await limits.hit("login:an", limit=3, window_seconds=60) for _ in range(5)]
    assert [verdict.allowed for verdict in verdicts] == [True, True, True, False, False]
    assert [verdict.remaining for verdict in verdicts] == [2, 1, 0, 0, 0]
    assert {verdict.limit for verdict in verdicts} == {3}
    assert all(1 <= verdict.reset_seconds <= 60 for verdict in verdicts)


async def test_of_many_concurrent_hits_exactly_the_limit_is_allowed(limits: RateLimits) -> None:
    verdicts = await asyncio.gather(*(limits.hit("login:an", limit=37, window_seconds=60) for _ in range(200)))
    assert sum(verdict.allowed for verdict in verdicts) == 37


async def test_keys_do_not_touch_each_other(limits: RateLimits) -> None:
    await limits.hit("login:an", limit=1, window_seconds=60)
    assert (await limits.hit("login:bo", limit=1, window_seconds=60)).allowed


async def test_the_window_begins_with_the_first_hit_and_ends(limits: RateLimits) -> None:
    await limits.hit("login:bo", limit=1, window_seconds=60)
    assert not (await limits.hit("login:bo", limit=1, window_seconds=60)).allowed
    await limits.hit("login:an", limit=1, window_seconds=1)
    async with asyncio.timeout(60):
        while not (await limits.peek("login:an", limit=1, window_seconds=1)).allowed:
            # Who goes on trying does not prolong it.
            await limits.hit("login:an", limit=1, window_seconds=1)
            await asyncio.sleep(0.01)
    assert (await limits.hit("login:an", limit=1, window_seconds=1)).allowed


async def test_peeking_counts_nothing(limits: RateLimits) -> None:
    first = await limits.peek("login:an", limit=2, window_seconds=60)
    assert (first.allowed, first.remaining, first.reset_seconds) == (True, 2, 60)
    await limits.hit("login:an", limit=2, window_seconds=60)
    for _ in range(5):
        seen = await limits.peek("login:an", limit=2, window_seconds=60)
        assert (seen.allowed, seen.remaining) == (True, 1)
    await limits.hit("login:an", limit=2, window_seconds=60)
    assert not (await limits.peek("login:an", limit=2, window_seconds=60)).allowed


async def test_a_forgotten_key_starts_afresh(limits: RateLimits) -> None:
    await limits.hit("login:an", limit=1, window_seconds=60)
    await limits.forget("login:an")
    assert (await limits.hit("login:an", limit=1, window_seconds=60)).allowed


@dataclass
class Time:
    seconds: float = 0

    def __call__(self) -> float:
        return self.seconds


async def test_a_window_in_memory_is_over_to_the_second() -> None:
    time = Time()
    limits = InMemoryRateLimits(monotonic=time)
    await limits.hit("login:an", limit=1, window_seconds=60)
    time.seconds = 59.5
    refused = await limits.hit("login:an", limit=1, window_seconds=60)
    assert (refused.allowed, refused.reset_seconds) == (False, 1)
    time.seconds = 60
    assert (await limits.hit("login:an", limit=1, window_seconds=60)).allowed


async def test_a_flood_of_keys_pushes_out_the_oldest_and_never_the_newest() -> None:
    limits = InMemoryRateLimits(max_keys=2_000)
    for number in range(10_000):
        await limits.hit(f"address:{number}", limit=1, window_seconds=60)
    assert not (await limits.hit("address:9999", limit=1, window_seconds=60)).allowed
    assert (await limits.hit("address:0", limit=1, window_seconds=60)).allowed


async def test_windows_that_are_over_make_room_first() -> None:
    time = Time()
    limits = InMemoryRateLimits(max_keys=2_000, monotonic=time)
    await limits.hit("login:an", limit=1, window_seconds=3_600)
    for number in range(10_000):
        time.seconds += 0.1
        await limits.hit(f"address:{number}", limit=1, window_seconds=60)
    assert not (await limits.hit("login:an", limit=1, window_seconds=3_600)).allowed


async def test_two_processes_share_the_count_in_redis(redis_server: str) -> None:
    prefix = f"{uuid4()}:"
    async with aclosing(create_redis(redis_server, timeout_seconds=10)) as client:
        one, other = (RedisRateLimits(client, Breaker("cache", PATIENT), prefix=prefix) for _ in range(2))
        await one.hit("login:an", limit=1, window_seconds=60)
        assert not (await other.hit("login:an", limit=1, window_seconds=60)).allowed
