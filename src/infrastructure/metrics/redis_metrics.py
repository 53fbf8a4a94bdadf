"""Measurements of all processes, added up in Redis."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import uuid4

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from application.ports.metric_figures import Gauge, MetricFigures, MetricsSummary
from infrastructure.metrics.measurements import (
    MINUTE_SECONDS,
    SLOT_SECONDS,
    WINDOW_SECONDS,
    Key,
    Measurements,
    summary_of,
)
from infrastructure.metrics.metric_scripts import PUSH, READ
from infrastructure.metrics.prometheus_text import prometheus_text
from infrastructure.metrics.recorded_metrics import RecordedMetrics
from infrastructure.redis.redis_client import CONNECTION_FAILED

TICK_SECONDS = 1.0
# Who has something to tell, and nobody watches; who has nothing but the queries of its own background work.
BUSY_SECONDS, IDLE_SECONDS = 2.0, 12.0
LONGEST_PAUSE_SECONDS = 10.0
WATCHED_SECONDS = 15
REMEMBER_PUSH_SECONDS = 3600
KEEP_TOTALS_SECONDS = 30 * 24 * 3600
KEEP_WINDOW_SECONDS = WINDOW_SECONDS + 2 * MINUTE_SECONDS
REDIS_AWAY = (RedisError, OSError, TimeoutError)


class RedisMetrics(RecordedMetrics, MetricFigures):
    """Pushes what is new and lets Redis add it up, so that what a process has measured outlives it.

    While Redis is away measurements wait, and the figures are those of this process. `redis` should give up quickly.
    """

    def __init__(
        self, redis: Redis, *, now: Callable[[], float] = time.time, prefix: str = "metrics:{figures}:"
    ) -> None:
        super().__init__(now)
        self._redis = redis
        self._prefix = prefix
        self._push, self._read = redis.register_script(PUSH), redis.register_script(READ)
        self._hgetall: Callable[[str], Awaitable[object]] = redis.hgetall
        self._push_key = f"{prefix}push:{uuid4().hex}"
        self._number = 0
        self._waiting = Measurements()
        self._under_way: bytes | None = None
        self._pushing = asyncio.Lock()
        self._watched_until = self._pushed_at = 0.0

    async def run(self) -> None:
        """Pushes until cancelled."""
        pause = TICK_SECONDS
        while True:
            await asyncio.sleep(pause)
            if not self._is_due():
                continue
            if await self.push():
                pause = TICK_SECONDS
            else:
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                structlog.get_logger(__name__).warning(
                    "metrics.wait_for_redis", message=CONNECTION_FAILED, pause_seconds=pause
                )

    async def stop(self) -> None:
        """The last word of a process that ends."""
        await self.push()

    async def push(self) -> bool:
        """Whether everything measured so far is in Redis now."""
        async with self._pushing:
            self._waiting.add(self._take_fresh())
            self._waiting.forget_before(self._now())
            # What nobody heard the answer to goes first, as it was; what has waited behind it is another push.
            if self._under_way is not None and not await self._push_under_way(self._under_way):
                return False
            self._under_way, self._waiting = self._encoded(self._waiting), Measurements()
            self._number += 1
            return await self._push_under_way(self._under_way)

    async def _push_under_way(self, told: bytes) -> bool:
        arguments = [self._number, REMEMBER_PUSH_SECONDS, told]
        try:
            watched_seconds = await self._push([f"{self._prefix}watched", self._push_key], arguments)
        except REDIS_AWAY:
            return False
        self._under_way = None
        self._pushed_at = time.monotonic()
        self._watched_until = self._pushed_at + max(0, int(watched_seconds))
        return True

    async def summary(self, *, watching: bool = False, minute_until: datetime | None = None) -> MetricsSummary:
        windows = self._windows(minute_until)
        if not await self.push():
            return self._own_summary(windows)
        slots, second = windows.slots, windows.seconds
        minutes = range(second[0] // MINUTE_SECONDS, second[-1] // MINUTE_SECONDS + 1)
        keys = [f"{self._prefix}watched", *(self._slot_key(slot) for slot in slots)]
        keys += [self._seconds_key(minute) for minute in minutes]
        keys += [self._users_key(slot) for slot in slots]
        arguments = [WATCHED_SECONDS if watching else 0, len(slots), windows.of_minute, windows.share, len(minutes)]
        try:
            found = await self._read(keys, arguments)
        except REDIS_AWAY:
            return self._own_summary(windows)
        by_second = _amounts(found[2])
        return summary_of(
            _amounts(found[0]),
            _amounts(found[1]),
            requests_per_minute=sum(by_second.get(at, 0) for at in second),
            errors_per_minute=sum(by_second.get(f"{at}e", 0) for at in second),
            active_users=int(found[3]),
        )

    async def exposition(self, gauges: Sequence[Gauge]) -> bytes:
        totals = await self._totals()
        return prometheus_text(totals, self._gauges(gauges, are_totals_known=totals is not None))

    async def _totals(self) -> Mapping[Key, float] | None:
        """None while they cannot be had: those of this process alone would be less than they were."""
        if not await self.push():
            return None
        try:
            fields = cast("dict[bytes, bytes]", await self._hgetall(self._totals_key))
        except REDIS_AWAY:
            return None
        return {_key_of(field): float(amount) for field, amount in fields.items()}

    def _is_due(self) -> bool:
        now = time.monotonic()
        if now < self._watched_until:
            return True
        return now - self._pushed_at >= (BUSY_SECONDS if self._is_busy else IDLE_SECONDS)

    def _encoded(self, new: Measurements) -> bytes:
        told: dict[str, dict[str, Any]] = {}
        if new.totals:
            totals = {_field_of(key): amount for key, amount in new.totals.items()}
            told[self._totals_key] = {"keep": KEEP_TOTALS_SECONDS, "amounts": totals}
        for slot, amounts in new.slots.items():
            told[self._slot_key(slot)] = {"keep": KEEP_WINDOW_SECONDS, "amounts": amounts}
        for by_second, mark in ((new.requests, ""), (new.errors, "e")):
            for second, amount in by_second.items():
                minute = told.setdefault(
                    self._seconds_key(second // MINUTE_SECONDS), {"keep": 3 * MINUTE_SECONDS, "amounts": {}}
                )
                minute["amounts"][f"{second}{mark}"] = amount
        for account, at in new.accounts.items():
            users = told.setdefault(self._users_key(int(at // SLOT_SECONDS)), {"keep": KEEP_WINDOW_SECONDS})
            users.setdefault("seen", []).append(account)
        return msgspec.json.encode(told)

    @property
    def _totals_key(self) -> str:
        return f"{self._prefix}totals"

    def _slot_key(self, slot: int) -> str:
        return f"{self._prefix}slot:{slot}"

    def _seconds_key(self, minute: int) -> str:
        return f"{self._prefix}seconds:{minute}"

    def _users_key(self, slot: int) -> str:
        return f"{self._prefix}seen:{slot}"


def _field_of(key: Key) -> str:
    return msgspec.json.encode(key).decode()


def _key_of(field: bytes) -> Key:
    return msgspec.json.decode(field, type=tuple[str, tuple[str, ...], str | int])


def _amounts(flat: Sequence[bytes]) -> dict[str | int, float]:
    """Field, amount, field, amount …; what is a number stands for a bucket or a second."""
    names = (field.decode() for field in flat[::2])
    return {
        int(name) if name.isdigit() else name: float(amount) for name, amount in zip(names, flat[1::2], strict=True)
    }
