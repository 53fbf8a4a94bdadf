"""A cache in Redis, shared by all processes.

A value is stored under the *marks* of its tags: random words that the first loader puts there. Invalidating deletes the
marks; whoever loads next puts new ones. A value is a hit only while all its marks are still those it was loaded under,
so a load that began before an invalidation can never become a hit, whenever it is stored, and a mark that Redis evicts
costs a miss and nothing else.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar, cast
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from application.ports.cache import (
    ABSENT,
    ABSENT_SECONDS,
    SCHEMA_VERSION,
    Cache,
    CachedValue,
    CacheOutcome,
    Loader,
)
from application.ports.metrics import Metrics
from infrastructure.cache.single_flight import Flight, SingleFlight
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.optional_dependency import OptionalDependency

T = TypeVar("T")

SHORTEST_SHARE_OF_TTL = 0.9
MARK_LIFE_SECONDS = 7 * 24 * 3600
MOST_DEBTS = 10_000


class RedisCache(Cache):
    """One round trip for a hit. While Redis is away or slow the loader answers and nothing is remembered.

    `redis` should give up quickly and `breaker` follow the rule `cache`. All keys begin with `prefix`.
    """

    def __init__(self, redis: Redis, breaker: Breaker, metrics: Metrics, *, prefix: str = "cache:") -> None:
        self._redis = redis
        self._dependency = OptionalDependency(breaker, errors=(RedisError, OSError))
        self._metrics = metrics
        self._prefix = prefix
        self._mark_of_everything = f"{prefix}everything"
        self._flights = SingleFlight()
        self._debts: dict[str, object] = {}
        self._paying = asyncio.Lock()

    async def get_or_load(
        self,
        key: str,
        loader: Loader,
        *,
        ttl_seconds: float,
        tags: Collection[str],
        fresh: bool = False,  # noqa: ARG002 - the marks are compared for everybody
    ) -> CachedValue:
        async def fly(flight: Flight) -> CachedValue:
            return await self._look_up_or_load(key, loader, ttl_seconds, flight)

        outcome = CacheOutcome.MISS
        try:
            joins = key in self._flights
            answer = await self._flights.run(key, tags, fly)
            if joins and answer.outcome is CacheOutcome.HIT:
                # It was looked up before this call began, perhaps before an invalidation elsewhere; the next is not.
                answer = await self._flights.run(key, tags, fly)
            outcome = answer.outcome
        finally:
            self._metrics.cache_answered(kind=key.partition(":")[0], outcome=outcome.value)
        return answer

    def peek(self, key: str) -> CachedValue | None:  # noqa: ARG002 - nothing is kept in this process
        return None

    async def invalidate(self, tags: Collection[str]) -> None:
        self._flights.invalidate(tags)
        await self._delete_marks([self._mark_key(tag) for tag in tags])

    async def clear(self) -> None:
        self._flights.clear()
        await self._delete_marks([self._mark_of_everything])

    async def _look_up_or_load(self, key: str, loader: Loader, ttl_seconds: float, flight: Flight) -> CachedValue:
        marks = None
        if await self._pay_debts():
            mark_keys = [self._mark_of_everything, *(self._mark_key(tag) for tag in sorted(flight.tags))]
            found = await self._ask(lambda: self._read([self._value_key(key), *mark_keys]))
            if found is not None:
                stored, marks = found[0], _joined(found[1:])
                if stored is not None and marks is not None and stored.startswith(marks) and not flight.outdated:
                    return CachedValue(stored[len(marks) :], CacheOutcome.HIT)
                marks = marks or await self._put_marks(mark_keys)
        value = await loader()
        if marks is not None and not flight.outdated:
            seconds = min(ttl_seconds, ABSENT_SECONDS) if value == ABSENT else ttl_seconds
            await self._store(key, marks + value, seconds)
        return CachedValue(value, CacheOutcome.MISS)

    async def _put_marks(self, mark_keys: Sequence[str]) -> bytes | None:
        """The marks, new ones where there are none. Before the load, so that an invalidation meanwhile is noticed."""

        async def put() -> Sequence[bytes | None]:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for mark_key in mark_keys:
                    pipeline.set(mark_key, uuid4().hex, nx=True, ex=MARK_LIFE_SECONDS)
                pipeline.mget(mark_keys)
                answers = await pipeline.execute()
            return answers[-1]

        found = await self._ask(put)
        return None if found is None else _joined(found)

    async def _store(self, key: str, stored: bytes, ttl_seconds: float) -> None:
        milliseconds = max(1, int(ttl_seconds * 1000 * random.uniform(SHORTEST_SHARE_OF_TTL, 1)))
        await self._ask(lambda: self._redis.set(self._value_key(key), stored, px=milliseconds))

    async def _delete_marks(self, mark_keys: Collection[str]) -> None:
        """Owed until Redis has taken it, so that neither its absence nor our own cancellation loses an invalidation."""
        if len(self._debts) + len(mark_keys) > MOST_DEBTS:
            self._debts.clear()
            mark_keys = [self._mark_of_everything]
        self._debts.update((mark_key, object()) for mark_key in mark_keys)
        await self._pay_debts()

    async def _pay_debts(self) -> bool:
        """Whether everything that was invalidated here is invalidated in Redis: only then may a hit be trusted."""
        if not self._debts:
            return True
        async with self._paying:
            paid = dict(self._debts)
            if paid and await self._ask(lambda: self._redis.delete(*paid)) is None:
                return False
            for mark_key, debt in paid.items():
                if self._debts.get(mark_key) is debt:
                    del self._debts[mark_key]
        return True

    async def _read(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        return cast("Sequence[bytes | None]", await self._redis.mget(keys))

    async def _ask(self, command: Callable[[], Awaitable[T]]) -> T | None:
        """Redis' answer, None when it is away or slow."""
        return await self._dependency.ask(command)

    def _value_key(self, key: str) -> str:
        return f"{self._prefix}value:{SCHEMA_VERSION}:{key}"

    def _mark_key(self, tag: str) -> str:
        return f"{self._prefix}mark:{tag}"


def _joined(marks: Sequence[bytes | None]) -> bytes | None:
    """The marks as one prefix of the stored value, None when one is missing."""
    present = [mark for mark in marks if mark is not None]
    return b",".join(present) + b"|" if len(present) == len(marks) else None
