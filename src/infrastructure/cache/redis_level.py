"""The level in Redis, shared by all processes.

A value is stored under the *marks* of its tags: random words that the first loader puts there. Invalidating deletes the
marks; whoever loads next puts new ones. A value is a hit only while all its marks are still those it was loaded under,
so a load that began before an invalidation can never become a hit, whenever it is stored, and a mark that Redis evicts,
or that has run out, costs a miss and nothing else.
"""

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast
from uuid import uuid4

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from application.ports.cache import ABSENT, SCHEMA_VERSION
from infrastructure.cache.coalesced_reads import CoalescedReads
from infrastructure.cache.invalidation import Invalidation
from infrastructure.cache.memory_level import STALE_SECONDS
from infrastructure.cache.redis_scripts import CLAIM, INVALIDATE, RELEASE, STORE
from infrastructure.cache.single_flight import LOAD_SECONDS
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.optional_dependency import OptionalDependency

T = TypeVar("T")

# A mark is there for as long as a load may take, and then for as long as what is stored under it.
MARK_SECONDS = LOAD_SECONDS + 15
# One process loads a key for all; one that died in the middle holds the others up for no longer.
LOCK_SECONDS = 1.0
ANSWER_SECONDS = 0.1
_HEADER = struct.Struct("<dd")


@dataclass(frozen=True, slots=True)
class Stored:
    """A value, until when (by the clock on the wall) it is a hit, and how long its load took."""

    value: bytes
    true_until: float
    load_seconds: float


@dataclass(frozen=True, slots=True)
class Look:
    """The marks of the tags, None if one is missing; what is stored under them; whether somebody is loading it."""

    marks: bytes | None
    stored: Stored | None
    is_locked: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """The marks to store under, from before the load; `is_mine`: this process is to load; what is stored already."""

    marks: bytes
    lock: bytes
    is_mine: bool
    look: Look


class RedisLevel:
    """Every answer is None while Redis is away, slow, or was set back. All keys begin with `prefix`.

    `redis` should give up quickly and `breaker` follow the rule `cache`. `author` tells this process's messages.
    """

    def __init__(
        self, redis: Redis, breaker: Breaker, *, prefix: str = "cache:", wall: Callable[[], float] = time.time
    ) -> None:
        self._redis = redis
        self._dependency = OptionalDependency(breaker, errors=(RedisError, OSError))
        self._prefix = prefix
        self._wall = wall
        self._everything = f"{prefix}everything"
        self._number = f"{prefix}number"
        # Messages are published to every database of a server.
        self.channel = f"{prefix}invalidations:{redis.connection_pool.connection_kwargs.get('db', 0)}"
        self.author = uuid4().hex
        self.highest_number = 0
        self._reads = CoalescedReads(self._fetch)
        self._invalidate, self._claim, self._store, self._release = (
            redis.register_script(script) for script in (INVALIDATE, CLAIM, STORE, RELEASE)
        )

    async def marks(self, tags: Collection[str]) -> bytes | None:
        """The marks alone, for who has the value at hand; None also when one is missing."""
        mark_keys = self._mark_keys(tags)
        found = await self._read(mark_keys)
        return None if found is None else _joined([found[key] for key in mark_keys])

    async def look(self, key: str, tags: Collection[str]) -> Look | None:
        value_key, lock_key, mark_keys = self._value_key(key), self._lock_key(key), self._mark_keys(tags)
        found = await self._read([value_key, lock_key, *mark_keys])
        if found is None:
            return None
        marks, raw = _joined([found[key] for key in mark_keys]), found[value_key]
        is_true = marks is not None and raw is not None and raw.startswith(marks)
        stored = _unpacked(raw[len(marks) :]) if is_true and raw and marks else None
        lock = found[lock_key]
        return Look(marks, stored, is_locked=marks is not None and lock is not None and lock.startswith(marks))

    def seconds_true(self, stored: Stored) -> float:
        return stored.true_until - self._wall()

    async def claim(self, key: str, tags: Collection[str]) -> Claim | None:
        """Before the load, so that an invalidation meanwhile is noticed."""
        token, keys = uuid4().hex, [self._lock_key(key), self._value_key(key), *self._mark_keys(tags)]
        arguments = [token, int(MARK_SECONDS * 1000), int(LOCK_SECONDS * 1000)]
        answer = await self._ask(lambda: self._claim(keys, arguments))
        if answer is None:
            return None
        marks, is_mine, raw = answer
        look = Look(marks, None if raw is None else _unpacked(raw[len(marks) :]), is_locked=not is_mine)
        return Claim(marks, marks + token.encode(), bool(is_mine), look)

    async def store(
        self, key: str, tags: Collection[str], claim: Claim, value: bytes, *, seconds: float, load_seconds: float
    ) -> bool:
        """Whether Redis has taken it, and let go of the lock. What does not exist has no stand-in: there is no end of
        what can be asked for."""
        raw = claim.marks + _HEADER.pack(self._wall() + seconds, load_seconds) + value
        kept_seconds = seconds if value == ABSENT else seconds + STALE_SECONDS
        keys = [self._value_key(key), self._lock_key(key), *self._mark_keys(tags)]
        stored = await self._ask(lambda: self._store(keys, [raw, max(1, int(kept_seconds * 1000)), claim.lock]))
        return stored is not None

    async def release(self, key: str, claim: Claim) -> None:
        """Whatever the breaker thinks: others wait for it."""
        await self._at_once(lambda: self._release([self._lock_key(key)], [claim.lock]))

    async def invalidate_at_once(self, invalidations: Sequence[Invalidation]) -> bool:
        """Whether Redis has taken them, within a tenth of a second. Asked whatever the breaker thinks: a Redis that is
        left alone for being slow would be left with what is untrue."""
        return await self._at_once(lambda: self._delete_marks(invalidations))

    async def invalidate(self, invalidations: Sequence[Invalidation]) -> bool:
        """The same for what has waited, with the breaker's patience."""
        return await self._ask(lambda: self._delete_marks(invalidations)) is not None

    def heard_number(self, number: int) -> None:
        self.highest_number = max(self.highest_number, number)

    async def _delete_marks(self, invalidations: Sequence[Invalidation]) -> int:
        keys = [self._number]
        if any(invalidation.tags is None for invalidation in invalidations):
            keys.append(self._everything)
        keys += {self._mark_key(tag) for invalidation in invalidations for tag in invalidation.tags or ()}
        message = msgspec.json.encode((self.author, invalidations))
        number = int(await self._invalidate(keys, [self.highest_number, self._everything, self.channel, message]))
        self.heard_number(number)
        return number

    async def _read(self, keys: Sequence[str]) -> dict[str, bytes | None] | None:
        return await self._reads.read([self._number, *keys])

    async def _fetch(self, keys: Sequence[str]) -> Sequence[bytes | None] | None:
        """The first key is that of the number. One smaller than what was known before asking tells of a Redis that was
        set back: it is made empty."""
        known = self.highest_number
        found = await self._ask(lambda: cast("Awaitable[Sequence[bytes | None]]", self._redis.mget(keys)))
        if found is None:
            return None
        number = int(found[0] or 0)
        if number < known:
            await self._ask(lambda: self._delete_marks(()))
            return None
        self.heard_number(number)
        return found

    async def _ask(self, command: Callable[[], Awaitable[T]]) -> T | None:
        return await self._dependency.ask(command)

    async def _at_once(self, command: Callable[[], Awaitable[object]]) -> bool:
        """Past the breaker: whether Redis has done it within a tenth of a second."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await command()
        except (RedisError, OSError, TimeoutError):
            return False
        return True

    def _value_key(self, key: str) -> str:
        return f"{self._prefix}value:{SCHEMA_VERSION}:{key}"

    def _lock_key(self, key: str) -> str:
        return f"{self._prefix}lock:{SCHEMA_VERSION}:{key}"

    def _mark_key(self, tag: str) -> str:
        return f"{self._prefix}mark:{tag}"

    def _mark_keys(self, tags: Collection[str]) -> list[str]:
        return [self._everything, *(self._mark_key(tag) for tag in sorted(tags))]


def _joined(marks: Sequence[bytes | None]) -> bytes | None:
    """The marks as one prefix of the stored value, None when one is missing."""
    present = [mark for mark in marks if mark is not None]
    return b",".join(present) + b"|" if len(present) == len(marks) else None


def _unpacked(raw: bytes) -> Stored:
    true_until, load_seconds = _HEADER.unpack_from(raw)
    return Stored(raw[_HEADER.size :], true_until, load_seconds)
