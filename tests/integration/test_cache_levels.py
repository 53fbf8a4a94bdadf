"""What the levels of the cache do for each other, and when one of them throws or dawdles."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import update

from application.ports.cache import CachedValue, CacheOutcome
from domain.shared.errors import Unavailable
from infrastructure.cache import redis_level, tiered_cache
from infrastructure.cache.invalidation import Invalidation
from infrastructure.cache.invalidation_journal import InvalidationJournal
from infrastructure.cache.memory_level import Entry, MemoryLevel
from infrastructure.cache.redis_level import Look, RedisLevel
from infrastructure.cache.tiered_cache import PATIENCE_SECONDS
from infrastructure.persistence.operations.cache_invalidation_tables import cache_invalidations
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWork, SqlUnitOfWorkFactory
from infrastructure.redis.redis_client import create_redis
from infrastructure.resilience.breaker import Breaker
from tests.support.cache_processes import (
    PATIENT,
    CacheProcess,
    Opened,
    be_patient,
    product_cache_process,
    redis_cache_process,
    world,
)
from tests.support.polling import until, until_awaited
from tests.support.servers import RedisProcess
from tests.support.stores import Store

NOTHING_KEPT = MemoryLevel(max_entries=0)


class ChaoticRedis(Redis):
    """Throws at every other command, or answers late."""

    delay_seconds = 0.0
    throws = False
    commands = 0

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.commands += 1
        if self.throws and self.commands % 2:
            raise RedisConnectionError("chaos")
        await asyncio.sleep(self.delay_seconds)
        return await super().execute_command(*args, **options)


@pytest.fixture
async def chaotic(redis_server: str) -> AsyncIterator[ChaoticRedis]:
    plain = create_redis(redis_server, timeout_seconds=5, retries=0)
    async with aclosing(plain):
        yield ChaoticRedis(connection_pool=plain.connection_pool)


@pytest.fixture
async def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Opened]:
    return world("tiered, postgresql", request, tmp_path)


class ChaoticJournal(InvalidationJournal):
    """Throws whenever it is asked, or hangs when it is looked into, unless it is `well`."""

    def __init__(self, journal: InvalidationJournal | None, *, throws: bool) -> None:
        self._journal = journal
        self._throws = throws
        self.looks = 0
        self.well = asyncio.Event()

    async def write(self, tags: Collection[str] | None) -> Invalidation:
        raise Unavailable("chaos")

    async def read_left_behind(self) -> Sequence[Invalidation]:
        raise Unavailable("chaos")

    async def remove(self, ids: Collection[UUID]) -> None:
        raise Unavailable("chaos")

    async def read(self, *, back_seconds: float | None) -> Sequence[Invalidation]:
        self.looks += 1
        if self._throws:
            raise Unavailable("chaos")
        await self.well.wait()
        assert self._journal is not None
        return await self._journal.read(back_seconds=back_seconds)


class Source:
    def __init__(self, value: bytes = b"one", seconds: float = 0) -> None:
        self.value, self.seconds, self.loads = value, seconds, 0
        self.error: Exception | None = None

    async def load(self) -> bytes:
        self.loads += 1
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return self.value

    async def ask(self, process: CacheProcess, key: str = "home:be", **how: Any) -> CachedValue:
        return await process.cache.get_or_load(key, self.load, **{"ttl_seconds": 60, "tags": ["a"], **how})


@pytest.mark.parametrize("fresh", [False, True])
async def test_of_two_hundred_who_miss_in_two_processes_one_loads(
    make: Callable[..., Opened], fresh: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who loads may be held up by a busy machine, and is not to be taken for dead.
    for module in (redis_level, tiered_cache):
        monkeypatch.setattr(module, "LOCK_SECONDS", 60.0)
    async with make() as one, make() as other:
        source = Source(seconds=0.1)
        asking = [source.ask(process, fresh=fresh) for process in (one, other) for _ in range(100)]
        answers = await asyncio.gather(*asking)
        assert {answer.value for answer in answers} == {b"one"}
        assert source.loads == 1


async def test_who_dies_while_he_loads_holds_the_others_up_for_a_second(make: Callable[..., Opened]) -> None:
    async with make() as one, make() as other:
        dying_source = Source(seconds=600)
        dying = asyncio.create_task(dying_source.ask(one))
        await until(lambda: dying_source.loads == 1)
        async with asyncio.timeout(30):
            assert (await Source(b"two").ask(other)).value == b"two"
        dying.cancel()


async def test_who_may_not_tell_redis_what_he_loaded_holds_nobody_up(
    make: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (redis_level, tiered_cache):
        monkeypatch.setattr(module, "LOCK_SECONDS", 600.0)
    # A lock is for the marks it was taken under.
    monkeypatch.setattr(redis_level, "MARK_SECONDS", 600.0)
    async with make() as one, make() as other:
        loads, may_end, source = asyncio.Event(), asyncio.Event(), Source(b"two")

        async def load_slowly() -> bytes:
            loads.set()
            await may_end.wait()
            return b"one"

        loading = asyncio.create_task(one.cache.get_or_load("home:be", load_slowly, ttl_seconds=60, tags=["a"]))
        await loads.wait()
        waiting = asyncio.create_task(source.ask(other))
        one.breaker.force_open("Redis was slow for a moment", 600)
        may_end.set()
        assert (await loading).value == b"one"
        async with asyncio.timeout(60):
            assert (await waiting).value == b"two"


async def test_who_fails_to_load_holds_nobody_up(make: Callable[..., Opened]) -> None:
    async with make() as one, make() as other:
        broken = Source()
        broken.error = LookupError("gone")
        with pytest.raises(LookupError):
            await broken.ask(one)
        source = Source()
        await source.ask(other)
        assert source.loads == 1


async def test_what_a_load_of_last_resort_read_before_an_invalidation_is_not_remembered(
    make: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiered_cache, "MOST_TRIES", 0)
    async with make() as one:
        source, may_go_on = Source(), asyncio.Event()

        async def load_slowly() -> bytes:
            value = await source.load()
            await may_go_on.wait()
            return value

        asking = one.cache.get_or_load("home:be", load_slowly, ttl_seconds=60, tags=["a"], fresh=True)
        loading = asyncio.create_task(asking)
        await until(lambda: source.loads == 1)
        await one.cache.invalidate(["a"])
        source.value = b"two"
        may_go_on.set()
        assert (await loading).value == b"one"
        assert (await source.ask(one)).value == b"two"


async def test_what_one_process_has_loaded_another_has_at_hand_after_one_look(make: Callable[..., Opened]) -> None:
    async with make() as one, make() as other:
        source = Source()
        await source.ask(one)
        assert other.cache.peek("home:be") is None
        assert (await source.ask(other)).outcome is CacheOutcome.HIT
        assert other.cache.peek("home:be") == CachedValue(b"one", CacheOutcome.HIT)
        assert source.loads == 1


async def test_a_change_whose_author_dies_before_he_tells_redis_is_heard_at_its_commit(
    make: Callable[..., Opened],
) -> None:
    async with make() as one, make() as other:
        source = Source()
        await source.ask(one)
        await source.ask(other)
        await _commit_and_die(one, "a")
        source.value = b"two"
        # What Redis holds under the tag is not trusted either, until somebody has told it.
        await until(lambda: other.cache.peek("home:be") is None)
        assert (await source.ask(other)).value == b"two"
        await until(lambda: not other.cache.invalidations.is_owed(["a"]))
        assert (await source.ask(other, fresh=True)).value == b"two"


async def test_what_was_left_behind_is_swept(make: Callable[..., Opened], postgres_store: Store) -> None:
    async with make() as one:
        await _commit_and_die(one, "a")
        assert len(await postgres_store.rows(cache_invalidations)) == 1
        assert one.database is not None
        async with one.database.begin() as connection:
            created = datetime.now(UTC) - timedelta(minutes=2)
            await connection.execute(update(cache_invalidations).values(created_at=created))
        one.cache.invalidations.sweep_soon()

        async def is_swept() -> bool:
            return await postgres_store.rows(cache_invalidations) == []

        await until_awaited(is_swept)


async def _commit_and_die(process: CacheProcess, tag: str) -> None:
    """Commits a change as the process does, which then tells nobody."""
    assert process.unit_of_work is not None

    async def die() -> None: ...

    record = process.unit_of_work._record
    assert record is not None

    async def record_and_die(*arguments: Any) -> Any:
        await record(*arguments)
        return die

    dying: SqlUnitOfWorkFactory = process.unit_of_work
    dying._record = record_and_die
    async with dying() as uow:
        assert isinstance(uow, SqlUnitOfWork)
        uow.transaction.touch(tag)
    dying._record = record


async def test_a_value_that_has_run_out_stands_in_while_the_database_is_away(redis_server: str) -> None:
    async with redis_cache_process(redis_server, f"{uuid4()}:", memory=NOTHING_KEPT) as process:
        source = Source()
        await source.ask(process, ttl_seconds=0.02)
        await asyncio.sleep(0.03)
        source.error = Unavailable("away")
        assert await source.ask(process) == CachedValue(b"one", CacheOutcome.STALE)
        await process.cache.invalidate(["a"])
        with pytest.raises(Unavailable):
            await source.ask(process)


async def test_what_has_run_out_stands_in_for_a_loader_that_takes_long(make: Callable[..., Opened]) -> None:
    async with make() as one, make() as other:
        source, may_end = Source(), asyncio.Event()
        await source.ask(one, ttl_seconds=0.02)
        await asyncio.sleep(0.03)

        async def load_slowly() -> bytes:
            source.loads += 1
            await may_end.wait()
            return b"two"

        async def answered(process: CacheProcess) -> CachedValue:
            return await process.cache.get_or_load("home:be", load_slowly, ttl_seconds=60, tags=["a"])

        # To the other it is known from Redis alone.
        for process in (one, other):
            asked = [asyncio.create_task(answered(process))]
            while not (await asyncio.wait(asked, timeout=5, return_when=asyncio.FIRST_COMPLETED))[0]:
                # It stood still when it was to be found in Redis; whoever comes now finds it at hand.
                asked.append(asyncio.create_task(answered(process)))
            assert CachedValue(b"one", CacheOutcome.STALE) in [each.result() for each in asked if each.done()]
        truth = asyncio.create_task(source.ask(one, fresh=True))
        await asyncio.sleep(0.1)
        assert not truth.done()
        may_end.set()
        assert (await truth).value == b"two"
        assert await source.ask(one) == CachedValue(b"two", CacheOutcome.HIT)


@pytest.mark.parametrize("throws", [True, False])
async def test_a_database_that_throws_or_hangs_when_it_is_looked_into_holds_nobody_up(
    make: Callable[..., Opened], throws: bool
) -> None:
    async with make() as one:
        source, hanging = Source(), Source(b"two", seconds=600)
        await source.ask(one, "home:be")
        await source.ask(one, "home:nl", ttl_seconds=0.02)
        await asyncio.sleep(0.03)
        one.cache.invalidations._journal = ChaoticJournal(None, throws=throws)
        one.cache.invalidations.deaf()
        # What was looked up as it began to listen holds for a moment.
        await until(lambda: not one.cache.invalidations.is_certain)
        async with asyncio.timeout(60):
            # Nobody can tell whether Redis was told of everything.
            for _ in range(3):
                for key in ("home:be", "home:nl"):
                    assert await hanging.ask(one, key) == CachedValue(b"one", CacheOutcome.STALE)
            assert hanging.loads == 1
            if throws:
                assert await source.ask(one, "home:be", fresh=True) == CachedValue(b"one", CacheOutcome.STALE)


async def test_a_database_that_is_slow_to_tell_is_spared_and_believed_when_it_tells(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgres_store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with product_cache_process(address) as one:
        source = Source()
        heard = one.cache.invalidations
        heard.deaf()
        # What it learns it learns by looking when somebody asks.
        monkeypatch.setattr(heard, "hear", lambda _: None)
        heard._next_look = math.inf
        heard._journal = slow = ChaoticJournal(heard._journal, throws=False)
        slow.well.set()
        await source.ask(one)
        slow.well.clear()
        looks = slow.looks
        await until(lambda: not heard.is_certain)
        for _ in range(20):
            assert await source.ask(one) == CachedValue(b"one", CacheOutcome.STALE)
        assert source.loads == 1
        assert slow.looks - looks <= 1
        source.value = b"two"
        await _commit_and_die(one, "a")
        slow.well.set()
        await until_awaited(lambda: _answers(source, one, b"two"))


async def test_what_is_in_doubt_stands_in_for_nobody_who_asks_for_the_truth(postgres_store: Store) -> None:
    address = postgres_store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with product_cache_process(address) as one:
        source = Source()
        await source.ask(one)
        one.cache.invalidations._journal = ChaoticJournal(None, throws=True)
        one.cache.invalidations.deaf()
        source.error = Unavailable("away")
        assert await source.ask(one) == CachedValue(b"one", CacheOutcome.STALE)
        with pytest.raises(Unavailable):
            await source.ask(one, fresh=True)


async def test_whoever_waits_with_who_asked_for_the_truth_is_answered_what_stands_in(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async with world("sqlite", request, tmp_path)() as one:
        source = Source()
        await source.ask(one, ttl_seconds=0.02)
        await asyncio.sleep(0.03)
        begun, fails = asyncio.Event(), asyncio.Event()

        async def fail() -> bytes:
            begun.set()
            await fails.wait()
            raise Unavailable("away")

        async def ask(*, fresh: bool) -> CachedValue:
            return await one.cache.get_or_load("home:be", fail, ttl_seconds=60, tags=["a"], fresh=fresh)

        truth = asyncio.create_task(ask(fresh=True))
        await begun.wait()
        other = asyncio.create_task(ask(fresh=False))
        await asyncio.sleep(0.2)
        fails.set()
        assert await other == CachedValue(b"one", CacheOutcome.STALE)
        with pytest.raises(Unavailable):
            await truth


async def test_what_redis_contradicts_stands_in_for_nobody_who_asks_for_the_truth(
    make: Callable[..., Opened], chaotic: ChaoticRedis
) -> None:
    async with make() as one:
        source = Source()
        await source.ask(one, ttl_seconds=0.02)
        await asyncio.sleep(0.03)
        # Somebody has changed it, and this process has not heard of that yet.
        await chaotic.delete(*await chaotic.keys("*:mark:a"))
        source.error = Unavailable("away")
        with pytest.raises(Unavailable):
            await source.ask(one, fresh=True)


async def test_what_is_in_doubt_stands_in_for_nobody_once_it_is_told_what_is_true(
    make: Callable[..., Opened], chaotic: ChaoticRedis
) -> None:
    async with make() as one:
        source, may_end = Source(), asyncio.Event()
        await source.ask(one)
        # As when the connection that hears was lost for a while, in which somebody has changed it.
        one.cache._doubt()
        await chaotic.delete(*await chaotic.keys("*:mark:a"))

        async def load_slowly() -> bytes:
            await may_end.wait()
            return b"two"

        asking = one.cache.get_or_load("home:be", load_slowly, ttl_seconds=60, tags=["a"])
        asked = asyncio.create_task(asking)
        await asyncio.wait({asked}, timeout=PATIENCE_SECONDS + 0.5)
        assert not asked.done()
        may_end.set()
        assert (await asked).value == b"two"


async def test_what_became_untrue_while_redis_was_asked_is_kept_as_nothing(
    make: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make() as one:
        source = Source()
        await source.ask(one, ttl_seconds=0.02)
        await asyncio.sleep(0.03)
        one.cache._memory.clear()
        look = RedisLevel.look

        async def look_and_hear(level: RedisLevel, key: str, tags: Collection[str]) -> Look | None:
            found = await look(level, key, tags)
            await one.cache.invalidate(["a"])
            return found

        monkeypatch.setattr(RedisLevel, "look", look_and_hear)
        source.error = Unavailable("away")
        for fresh in (True, False, True):
            with pytest.raises(Unavailable):
                await source.ask(one, fresh=fresh)
            monkeypatch.setattr(RedisLevel, "look", look)


async def test_what_another_process_has_just_loaded_again_is_not_loaded_once_more(
    make: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make() as one, make() as other:
        source = Source()
        for process in (one, other):
            await source.ask(process, ttl_seconds=10)
        monkeypatch.setattr(Entry, "is_refresh_due", lambda *_: True)
        source.value = b"two"
        await source.ask(one)
        await until(lambda: one.cache.peek("home:be") == CachedValue(b"two", CacheOutcome.HIT))
        await source.ask(other)
        await until(lambda: other.cache.peek("home:be") == CachedValue(b"two", CacheOutcome.HIT))
        assert source.loads == 2


async def test_an_early_refresh_never_finds_true_what_redis_says_is_not(
    redis_server: str, chaotic: ChaoticRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = f"{uuid4()}:"
    async with redis_cache_process(redis_server, prefix, client=chaotic) as one:
        source = Source()
        await source.ask(one, ttl_seconds=60)
        # Somebody has deleted the mark, this process has not heard of it yet, and somebody else loads already.
        await chaotic.delete(f"{prefix}mark:a")
        elsewhere = RedisLevel(chaotic, Breaker("cache", PATIENT), prefix=prefix)
        assert await elsewhere.claim("home:be", ["a"]) is not None
        monkeypatch.setattr(Entry, "is_refresh_due", lambda *_: True)
        source.value = b"two"
        assert (await source.ask(one)).value == b"one"
        refreshing = Source(b"not asked")
        joined = one.cache._flights.run("home:be", frozenset(["a"]), lambda _: refreshing.ask(one))
        assert (await joined).value == b"two"
        assert refreshing.loads == 0


async def test_a_redis_that_throws_or_dawdles_fails_nobody(redis_server: str, chaotic: ChaoticRedis) -> None:
    async with redis_cache_process(redis_server, f"{uuid4()}:", memory=NOTHING_KEPT, client=chaotic) as process:
        for chaos in ({"throws": True}, {"delay_seconds": 0.05}, {"throws": True, "delay_seconds": 0.02}):
            chaotic.throws = bool(chaos.get("throws"))
            chaotic.delay_seconds = float(chaos.get("delay_seconds", 0))
            for number in range(10):
                source = Source(b"%d" % number)
                await process.cache.invalidate(["a"])
                for fresh in (True, False):
                    assert (await source.ask(process, fresh=fresh)).value == b"%d" % number


async def test_a_lost_redis_leaves_the_level_in_the_process_true(
    redis_process: RedisProcess, postgres_store: Store
) -> None:
    address = postgres_store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    made = [product_cache_process(address, redis_process.url, prefix="lost:") for _ in range(2)]
    async with made[0] as one, made[1] as other:
        source = Source()
        await source.ask(one)
        await source.ask(other)
        redis_process.stop()
        assert other.cache.peek("home:be") == CachedValue(b"one", CacheOutcome.HIT)
        source.value = b"two"
        await one.cache.invalidate(["a"])
        await until_awaited(lambda: _answers(source, other, b"two"))
        assert (await source.ask(other, fresh=True)).value == b"two"


async def _answers(source: Source, process: CacheProcess, value: bytes) -> bool:
    return (await source.ask(process)).value == value


async def test_who_may_not_publish_owes_redis_nothing(
    redis_process: RedisProcess, postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_patient(monkeypatch)
    address = postgres_store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with aclosing(create_redis(redis_process.url, timeout_seconds=30, retries=0)) as client:
        await client.execute_command("ACL", "SETUSER", "default", "resetchannels")
    made = [
        product_cache_process(address, redis_process.url, rule=PATIENT, prefix="mute:", waits_for_redis=False)
        for _ in range(2)
    ]
    async with made[0] as one, made[1] as other:
        source = Source()
        await source.ask(one)
        await source.ask(other)
        source.value = b"two"
        await one.cache.invalidate(["a"])
        assert not one.cache.invalidations.is_owed(["a"])
        await until(lambda: other.cache.peek("home:be") is None)
        assert (await source.ask(other, fresh=True)).value == b"two"
        await until(lambda: not other.cache.invalidations.is_owed(["a"]))
