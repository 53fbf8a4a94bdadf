"""The level in Redis while Redis is away, frozen, full, emptied and back; nothing is kept in the process here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from redis.asyncio import Redis

from application.ports.cache import ABSENT, ABSENT_SECONDS, Cache, CacheOutcome
from infrastructure.cache.memory_level import STALE_SECONDS, MemoryLevel
from infrastructure.cache.redis_level import MARK_SECONDS
from infrastructure.redis.redis_client import create_quick_redis, create_redis
from tests.support.cache_processes import PATIENT, PRODUCTS_OWN, be_patient, redis_cache_process
from tests.support.polling import until
from tests.support.servers import RedisProcess

GENEROUS_SECONDS = 30


@pytest.fixture
async def client(redis_process: RedisProcess) -> AsyncIterator[Redis]:
    async with aclosing(create_redis(redis_process.url, timeout_seconds=30, retries=0)) as client:
        yield client


@pytest.fixture
async def cache(redis_process: RedisProcess) -> AsyncIterator[Cache]:
    """With the product's own client and breaker."""
    memory = MemoryLevel(max_entries=0)
    async with aclosing(create_quick_redis(redis_process.url)) as client:
        made = redis_cache_process(redis_process.url, "cache:", rule=PRODUCTS_OWN, memory=memory, client=client)
        async with made as process:
            yield process.cache


@pytest.fixture
async def patient(redis_process: RedisProcess, client: Redis, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cache]:
    """With one that a busy machine does not open."""
    be_patient(monkeypatch)
    memory = MemoryLevel(max_entries=0)
    made = redis_cache_process(redis_process.url, "cache:", rule=PATIENT, memory=memory, client=client)
    async with made as process:
        yield process.cache


async def _ask(cache: Cache, value: bytes = b"value", key: str = "home:be") -> tuple[bytes, CacheOutcome]:
    async def load() -> bytes:
        return value

    answer = await cache.get_or_load(key, load, ttl_seconds=60, tags=["a"])
    return answer.value, answer.outcome


async def _ask_until_hit(cache: Cache, value: bytes) -> None:
    async with asyncio.timeout(60):
        while await _ask(cache, value) != (value, CacheOutcome.HIT):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("fault", ["away", "frozen"])
async def test_the_loader_answers_soon_while_redis_is_not_there(
    redis_process: RedisProcess, cache: Cache, fault: str
) -> None:
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
    redis_process: RedisProcess, cache: Cache, fault: str
) -> None:
    redis_process.stop() if fault == "away" else redis_process.pause()
    async with asyncio.timeout(GENEROUS_SECONDS):
        answers = await asyncio.gather(*(_ask(cache, key=f"home:{number % 50}") for number in range(200)))
    assert set(answers) == {(b"value", CacheOutcome.MISS)}
    redis_process.resume()


async def test_hits_come_back_with_redis(redis_process: RedisProcess, cache: Cache) -> None:
    redis_process.stop()
    await _ask(cache)
    redis_process.start()
    await _ask_until_hit(cache, b"value")


@pytest.mark.parametrize("forget", ["invalidate", "clear"])
async def test_what_was_invalidated_while_redis_was_frozen_is_never_a_hit_again(
    redis_process: RedisProcess, cache: Cache, forget: str
) -> None:
    await _ask(cache, b"old")
    redis_process.pause()
    await (cache.invalidate(["a"]) if forget == "invalidate" else cache.clear())
    redis_process.resume()
    async with asyncio.timeout(60):
        while (answer := await _ask(cache, b"new")) != (b"new", CacheOutcome.HIT):
            assert answer == (b"new", CacheOutcome.MISS)
            await asyncio.sleep(0.005)


async def test_an_invalidation_whose_caller_left_is_made_good(redis_process: RedisProcess, patient: Cache) -> None:
    await _ask(patient, b"old")
    redis_process.pause()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await patient.invalidate(["a"])
    redis_process.resume()
    assert await _ask(patient, b"new") == (b"new", CacheOutcome.MISS)


async def test_a_redis_that_refuses_writes_is_as_good_as_none(cache: Cache, client: Redis) -> None:
    await client.config_set("maxmemory", "1")
    for number in range(5):
        assert await _ask(cache, b"%d" % number) == (b"%d" % number, CacheOutcome.MISS)


async def test_an_evicted_mark_costs_a_miss_and_nothing_else(patient: Cache, client: Redis) -> None:
    await _ask(patient, b"old")
    await client.delete("cache:mark:a")
    assert await _ask(patient, b"new") == (b"new", CacheOutcome.MISS)
    assert await _ask(patient, b"newer") == (b"new", CacheOutcome.HIT)


async def test_nothing_outlives_what_it_serves(client: Redis, patient: Cache) -> None:
    async def load(value: bytes) -> bytes:
        return value

    for number in range(20):
        tags = [f"caregiver:{number}"]
        await patient.get_or_load(f"absent:{number}", lambda: load(ABSENT), ttl_seconds=300, tags=tags)
    assert await _longest_life(client, "*") <= MARK_SECONDS == ABSENT_SECONDS
    await patient.get_or_load("home:be", lambda: load(b"value"), ttl_seconds=300, tags=["a"])
    (stored,) = await client.keys("cache:value:*:home:be")
    # Of one instant, since both run down.
    async with client.pipeline() as both:
        both.pttl(stored)
        both.pttl("cache:mark:a")
        value, mark = await both.execute()
    assert 0 < value - 1000 < mark <= (300 + STALE_SECONDS) * 1000
    # What was there before keeps its longer life.
    await patient.get_or_load("absent:a", lambda: load(ABSENT), ttl_seconds=300, tags=["a"])
    assert await _longest_life(client, "cache:mark:a") > MARK_SECONDS


async def _longest_life(client: Redis, pattern: str) -> float:
    """In seconds, of all keys but that of the number, which counts for ever."""
    keys = [key for key in await client.keys(pattern) if key != b"cache:number"]
    lives = [await client.pttl(key) for key in keys]
    assert all(life > 0 for life in lives), dict(zip(keys, lives, strict=True))
    return max(lives) / 1000


async def test_a_full_redis_takes_invalidations(client: Redis, patient: Cache) -> None:
    await _ask(patient, b"old")
    await client.config_set("maxmemory", "1")
    await patient.invalidate(["a"])
    await client.config_set("maxmemory", "0")
    assert await _ask(patient, b"new") == (b"new", CacheOutcome.MISS)


async def test_nothing_that_a_redis_holds_that_was_set_back_is_a_hit(client: Redis, patient: Cache) -> None:
    """It was restarted from an old copy, or another took its place: what it had taken since then it has forgotten."""
    await _ask(patient, b"old")
    copy = {key: await client.get(key) for key in await client.keys("*")}
    await patient.invalidate(["a"])
    await client.flushall()
    for key, value in copy.items():
        assert value is not None
        await client.set(key, value)
    assert await _ask(patient, b"new") == (b"new", CacheOutcome.MISS)
    await _ask_until_hit(patient, b"new")
    assert await _ask(patient, b"newer") == (b"new", CacheOutcome.HIT)


@pytest.mark.parametrize("message", ["nonsense", "x []", 'x ["other",[]]', '1 ["other",[{}]]', ""])
async def test_a_message_that_nobody_understands_brings_all_that_is_at_hand_into_doubt(
    redis_process: RedisProcess, client: Redis, message: str
) -> None:
    async with redis_cache_process(redis_process.url, "cache:", client=client) as process:
        await _ask(process.cache)
        assert process.cache.peek("home:be") is not None
        await client.publish("cache:invalidations:0", message)
        await until(lambda: process.cache.peek("home:be") is None)
        assert process.cache.invalidations.is_subscribed
