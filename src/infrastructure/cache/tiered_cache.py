"""The cache: a level in this process before one that all processes share."""

import asyncio
import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

from application.ports.cache import ABSENT, ABSENT_SECONDS, Cache, CachedValue, CacheOutcome, Loader
from application.ports.metrics import Metrics
from domain.shared.errors import Unavailable
from infrastructure.cache.invalidation import Invalidation
from infrastructure.cache.invalidation_journal import InvalidationJournal
from infrastructure.cache.invalidations import Invalidations
from infrastructure.cache.memory_level import Entry, MemoryLevel
from infrastructure.cache.redis_level import LOCK_SECONDS, Claim, Look, RedisLevel
from infrastructure.cache.single_flight import Flight, SingleFlight
from infrastructure.persistence.query_count import counted_queries

SHORTEST_SHARE_OF_TTL = 0.9
# After a loader has failed, its stand-in is answered for so long without trying again.
REST_SECONDS = 1.0
# Nor does anybody wait longer for a load, since it began, who has a stand-in and did not ask for the truth.
PATIENCE_SECONDS = 1.0
# Another process has loaded a value again when it lives so much longer.
LATER_SECONDS = 1.0
SHORTEST_LOOK_SECONDS, LONGEST_LOOK_SECONDS = 0.01, 0.05
MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Asked:
    key: str
    loader: Loader
    ttl_seconds: float
    tags: frozenset[str]
    fresh: bool


class TieredCache(Cache):
    """Without `redis` the level in this process alone; without `journal` what is invalidated is told by Redis alone.

    What is loaded together does not expire together: a value lives for 90 to 100 % of its time. When a loader fails
    because a part is away, or takes longer than a second, a value that has run out stands in for ten minutes, marked
    stale; one that was invalidated does not.
    """

    def __init__(
        self,
        metrics: Metrics,
        memory: MemoryLevel,
        *,
        redis: RedisLevel | None = None,
        journal: InvalidationJournal | None = None,
        announced: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._memory = memory
        self._redis = redis
        self._monotonic = monotonic
        self._flights = SingleFlight()
        self._glances = SingleFlight()
        self._releasing = set[asyncio.Task[None]]()
        self.invalidations = Invalidations(
            drop=self._drop,
            doubt=self._doubt,
            redis=redis,
            journal=journal,
            announced=announced,
            monotonic=monotonic,
        )
        self._has_journal = journal is not None

    def peek(self, key: str) -> CachedValue | None:
        if not self.invalidations.is_certain:
            return None
        now = self._monotonic()
        entry = self._memory.true(key, now)
        if entry is None or entry.answer.value == ABSENT or entry.may_be_refreshed(now):
            return None
        self._count(key, CacheOutcome.HIT)
        return entry.answer

    async def glance(self, key: str, tags: Collection[str]) -> CachedValue | None:
        if self._redis is None or not self.invalidations.is_certain or key in self._flights:
            return None
        if self._memory.true(key, self._monotonic()) is not None:
            # It is to be loaded again early by one of those who ask, or is ABSENT.
            return None
        tags = frozenset(tags)
        found = await self._glances.run(key, tags, partial(self._glance, key, tags, self._redis))
        if found.value == ABSENT or found.outcome is not CacheOutcome.HIT:
            return None
        self._count(key, CacheOutcome.HIT)
        return found

    async def get_or_load(
        self, key: str, loader: Loader, *, ttl_seconds: float, tags: Collection[str], fresh: bool = False
    ) -> CachedValue:
        asked = _Asked(key, loader, ttl_seconds, frozenset(tags), fresh)
        outcome = CacheOutcome.MISS
        try:
            if (fresh and (self._redis is not None or self._has_journal)) or not self.invalidations.is_certain:
                answer = await self._answer_for_sure(asked)
            else:
                answer = self._at_hand(asked) or await self._flown(asked)
            outcome = answer.outcome
        finally:
            self._count(key, outcome)
        return answer

    async def load(self, key: str, loader: Loader) -> CachedValue:
        try:
            value, _ = await self._measured(key, loader)
            return CachedValue(value, CacheOutcome.MISS)
        finally:
            self._count(key, CacheOutcome.MISS)

    async def invalidate(self, tags: Collection[str]) -> None:
        if tags:
            await self.invalidations.invalidate(tags)

    async def clear(self) -> None:
        await self.invalidations.invalidate(None)

    async def close(self) -> None:
        """Gives up the loads under way, and lets go of their locks."""
        await self._glances.close()
        await self._flights.close()
        if self._releasing:
            await asyncio.wait(self._releasing)

    def _at_hand(self, asked: _Asked) -> CachedValue | None:
        now = self._monotonic()
        entry = self._memory.true(asked.key, now)
        if entry is not None:
            self._refresh_early(asked, entry)
            return entry.answer
        return None if asked.fresh else self._resting(asked)

    def _resting(self, asked: _Asked) -> CachedValue | None:
        """The stand-in of a loader that has just failed."""
        now = self._monotonic()
        entry = self._memory.stand_in(asked.key, now)
        return entry.stale() if entry is not None and now < entry.rest_until else None

    async def _flown(self, asked: _Asked, look: Look | None = None, *, can_tell: bool = True) -> CachedValue:
        load = partial(self._fly, asked, look=look)
        if asked.fresh:
            return await self._flights.run(asked.key, asked.tags, load)
        waiting = partial(self._waiting, asked, can_tell=can_tell)
        try:
            return await self._flights.run_or(
                asked.key, asked.tags, load, after_seconds=PATIENCE_SECONDS, instead=waiting
            )
        except (Unavailable, TimeoutError):
            # Whoever began the load may have asked for the truth, for whom less stands in.
            stand_in = self._stand_in(asked, None, None)
            if stand_in is None:
                raise
            return stand_in

    def _waiting(self, asked: _Asked, *, can_tell: bool) -> CachedValue | None:
        """The stand-in of a loader that takes long. What is in doubt is none while somebody tells what is true: it may
        be what has become untrue that takes long."""
        entry = self._memory.stand_in(asked.key, self._monotonic())
        if entry is None or entry.answer.value == ABSENT or (can_tell and self._memory.is_doubtful(entry)):
            return None
        return entry.stale()

    def _refresh_early(self, asked: _Asked, entry: Entry) -> None:
        if entry.is_refresh_due(self._monotonic()) and asked.key not in self._flights:
            self._flights.begin(asked.key, asked.tags, partial(self._refresh, asked, entry))

    async def _glance(self, key: str, tags: frozenset[str], redis: RedisLevel, flight: Flight) -> CachedValue:
        """ABSENT when there is no hit."""
        look = None if self.invalidations.is_owed(tags) else await redis.look(key, tags)
        found = None
        if look is not None and not flight.outdated and not self.invalidations.is_owed(tags):
            found = self._keep_found(key, tags, look, may_keep=True)
        return found or CachedValue(ABSENT, CacheOutcome.MISS)

    async def _answer_for_sure(self, asked: _Asked) -> CachedValue:
        """A load that somebody else began before this call may have read too early, and its stand-in may be good enough
        for him only: what is answered was found to be true, or began to be loaded, after this call began."""
        known = self._flights.last_number
        for _ in range(MOST_TRIES):
            hit, look, can_tell = await self._true_now(asked)
            if hit is not None:
                return hit
            joined = self._flights.number(asked.key)
            answer = await self._flown(asked, look, can_tell=can_tell)
            is_stale = answer.outcome is CacheOutcome.STALE
            if joined is None or (joined > known and not is_stale):
                # Of what was remembered nobody knows whether it is still true.
                is_doubtful = not can_tell and answer.outcome is CacheOutcome.HIT
                return CachedValue(answer.value, CacheOutcome.STALE) if is_doubtful else answer
            if not asked.fresh and (is_stale or not can_tell):
                return CachedValue(answer.value, CacheOutcome.STALE)
        # Nobody would tell a load that stands alone of what becomes untrue meanwhile: it is not remembered.
        return await self._load(asked, Flight(asked.tags, outdated=True), None, None)

    async def _true_now(self, asked: _Asked) -> tuple[CachedValue | None, Look | None, bool]:
        """What can be shown to be no older than this call: by the marks in Redis, if this process hears of what Redis
        was not told, else by the journal; and whether one of them could tell."""
        if self._redis is not None and self._trusts_marks and not self.invalidations.is_owed(asked.tags):
            hit, look = await self._compare(asked, self._redis)
            if hit is not None or look is not None:
                return hit, look, True
        if await (self.invalidations.look() if asked.fresh else self.invalidations.look_briefly()):
            return self._at_hand(asked), None, True
        if not self._has_journal or asked.fresh:
            return None, None, not self._has_journal
        # Nobody can tell: the database is spared what is at hand.
        entry = self._memory.true(asked.key, self._monotonic())
        return self._resting(asked) if entry is None else entry.stale(), None, False

    @property
    def _trusts_marks(self) -> bool:
        return self.invalidations.is_told or not self._has_journal

    async def _compare(self, asked: _Asked, redis: RedisLevel) -> tuple[CachedValue | None, Look | None]:
        """The value at hand if its marks are those in Redis, which are shorter; else the value there."""
        known = self._memory.true(asked.key, self._monotonic())
        if known is not None and known.marks is not None:
            marks = await redis.marks(asked.tags)
            if marks == known.marks and not self.invalidations.is_owed(asked.tags):
                self._refresh_early(asked, known)
                return known.answer, None
        count = self.invalidations.count
        look = await redis.look(asked.key, asked.tags)
        if look is None or self.invalidations.is_owed(asked.tags):
            return None, None
        if count == self.invalidations.count:
            return self._keep_found(asked.key, asked.tags, look, may_keep=True), look
        # Something became untrue meanwhile. It may be this: good enough for now, and not to be kept.
        return self._keep_found(asked.key, asked.tags, look, may_keep=False), replace(look, stored=None)

    async def _fly(self, asked: _Asked, flight: Flight, *, look: Look | None = None) -> CachedValue:
        redis = self._redis
        if redis is None or self.invalidations.is_owed(asked.tags):
            return await self._load(asked, flight, None, look)
        look = look or await redis.look(asked.key, asked.tags)
        if look is None:
            return await self._load(asked, flight, None, look)
        found = None if flight.outdated else self._keep_found(asked.key, asked.tags, look, may_keep=True)
        if found is not None:
            return found
        claim = await redis.claim(asked.key, asked.tags)
        if claim is not None and not flight.outdated:
            self._forget_untrue(asked.key, claim.marks)
            found = self._keep_found(asked.key, asked.tags, claim.look, may_keep=True)
        if found is None and claim is not None and not claim.is_mine:
            claim, found = await self._wait_for_other(asked, flight, redis)
        if found is None:
            return await self._load(asked, flight, claim, look)
        self._release(asked, claim)
        return found

    async def _wait_for_other(
        self, asked: _Asked, flight: Flight, redis: RedisLevel
    ) -> tuple[Claim | None, CachedValue | None]:
        """Another process loads it. When that takes too long, or comes to nothing, this one does."""
        until, pause, claim = self._monotonic() + LOCK_SECONDS, SHORTEST_LOOK_SECONDS, None
        while self._monotonic() < until and not flight.outdated:
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, LONGEST_LOOK_SECONDS)
            look = await redis.look(asked.key, asked.tags)
            if look is None:
                return None, None
            found = None if flight.outdated else self._keep_found(asked.key, asked.tags, look, may_keep=True)
            if found is not None:
                return None, found
            if not look.is_locked:
                claim = await redis.claim(asked.key, asked.tags)
                if claim is None or claim.is_mine:
                    return claim, None
        return await redis.claim(asked.key, asked.tags), None

    async def _refresh(self, asked: _Asked, entry: Entry, flight: Flight) -> CachedValue:
        """Loads what is still true, unless another process does or has just done so."""
        claim = None
        if self._redis is not None and not self.invalidations.is_owed(asked.tags):
            claim = await self._redis.claim(asked.key, asked.tags)
        if claim is None:
            return await self._load(asked, flight, None, None)
        if entry.has_other_marks(claim.marks) and not flight.outdated:
            # It has become untrue, and this process has not heard of that yet; or Redis has lost the marks.
            self._memory.forget(asked.key)
        later = self._loaded_later(asked, entry, flight, claim.look)
        if later is None and claim.is_mine:
            return await self._load(asked, flight, claim, None)
        self._release(asked, claim)
        if later is None and claim.marks != entry.marks:
            return await self._fly(asked, flight)
        return later or entry.answer

    def _loaded_later(self, asked: _Asked, entry: Entry, flight: Flight, look: Look) -> CachedValue | None:
        if self._redis is None or look.stored is None or flight.outdated:
            return None
        lives_longer = self._redis.seconds_true(look.stored) - (entry.expires_at - self._monotonic())
        if lives_longer < LATER_SECONDS:
            return None
        return self._keep_found(asked.key, asked.tags, look, may_keep=True)

    async def _load(self, asked: _Asked, flight: Flight, claim: Claim | None, look: Look | None) -> CachedValue:
        try:
            value, seconds = await self._measured(asked.key, asked.loader)
        except (Unavailable, TimeoutError):
            self._release(asked, claim)
            answer = self._stand_in(asked, None if flight.outdated else look, claim)
            if answer is None:
                raise
            return answer
        except BaseException:
            self._release(asked, claim)
            raise
        if flight.outdated:
            self._release(asked, claim)
        else:
            await self._keep_loaded(asked, value, claim, load_seconds=seconds)
        return CachedValue(value, CacheOutcome.MISS)

    async def _measured(self, key: str, loader: Loader) -> tuple[bytes, float]:
        """What the loader returns, and after how many seconds."""
        began = self._monotonic()
        with counted_queries() as queries:
            value = await loader()
        seconds = self._monotonic() - began
        kind = key.partition(":")[0]
        self._metrics.cache_loaded(kind=kind, seconds=seconds, size_bytes=len(value), queries=queries.count)
        return value, seconds

    def _release(self, asked: _Asked, claim: Claim | None) -> None:
        """Others need not wait any longer, nor does anybody for this."""
        if self._redis is not None and claim is not None and claim.is_mine:
            releasing = asyncio.create_task(self._redis.release(asked.key, claim))
            self._releasing.add(releasing)
            releasing.add_done_callback(self._releasing.discard)

    async def _keep_loaded(self, asked: _Asked, value: bytes, claim: Claim | None, *, load_seconds: float) -> None:
        longest = min(asked.ttl_seconds, ABSENT_SECONDS) if value == ABSENT else asked.ttl_seconds
        seconds = longest * random.uniform(SHORTEST_SHARE_OF_TTL, 1)
        marks = None if claim is None else claim.marks
        self._put(asked.key, asked.tags, value, marks=marks, seconds=seconds, load_seconds=load_seconds)
        if self._redis is not None and claim is not None:
            is_stored = await self._redis.store(
                asked.key, asked.tags, claim, value, seconds=seconds, load_seconds=load_seconds
            )
            if not is_stored:
                self._release(asked, claim)

    def _keep_found(self, key: str, tags: frozenset[str], look: Look, *, may_keep: bool) -> CachedValue | None:
        """The value in Redis, if it is a hit. One that has run out is kept as a stand-in where there is no better."""
        if self._redis is None or look.stored is None:
            return None
        seconds = self._redis.seconds_true(look.stored)
        stand_in = None if seconds > 0 else self._memory.stand_in(key, self._monotonic())
        if may_keep and (stand_in is None or self._memory.is_doubtful(stand_in)):
            load_seconds = look.stored.load_seconds
            self._put(key, tags, look.stored.value, marks=look.marks, seconds=seconds, load_seconds=load_seconds)
        return CachedValue(look.stored.value, CacheOutcome.HIT) if seconds > 0 else None

    def _put(
        self,
        key: str,
        tags: frozenset[str],
        value: bytes,
        *,
        marks: bytes | None,
        seconds: float,
        load_seconds: float,
    ) -> None:
        expires_at = self._monotonic() + seconds
        self._memory.put(key, value, tags, marks=marks, expires_at=expires_at, load_seconds=load_seconds)

    def _stand_in(self, asked: _Asked, look: Look | None, claim: Claim | None) -> CachedValue | None:
        """For who asked for the truth only what Redis shows to be no older than any write, or what this process would
        have heard of and Redis does not contradict."""
        now = self._monotonic()
        entry = self._memory.stand_in(asked.key, now)
        if entry is not None:
            entry.rest_until = now + REST_SECONDS
        if look is not None and look.stored is not None:
            return CachedValue(look.stored.value, CacheOutcome.STALE)
        if entry is None or (asked.fresh and not self._is_believed(entry, claim)):
            return None
        return entry.stale()

    def _is_believed(self, entry: Entry, claim: Claim | None) -> bool:
        is_contradicted = claim is not None and entry.has_other_marks(claim.marks)
        return self.invalidations.is_told and not self._memory.is_doubtful(entry) and not is_contradicted

    def _forget_untrue(self, key: str, marks: bytes) -> None:
        """What is in doubt, and was loaded under other marks than those in Redis."""
        entry = self._memory.stand_in(key, self._monotonic())
        if entry is not None and self._memory.is_doubtful(entry) and entry.has_other_marks(marks):
            self._memory.forget(key)

    def _drop(self, invalidation: Invalidation) -> None:
        if invalidation.tags is None:
            self._glances.clear()
            self._flights.clear()
            self._memory.clear()
        else:
            self._glances.invalidate(invalidation.tags)
            self._flights.invalidate(invalidation.tags)
            self._memory.drop(invalidation.tags)

    def _doubt(self) -> None:
        self._glances.clear()
        self._flights.clear()
        self._memory.doubt()

    def _count(self, key: str, outcome: CacheOutcome) -> None:
        self._metrics.cache_answered(kind=key.partition(":")[0], outcome=outcome.value)
