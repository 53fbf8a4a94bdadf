"""A process that reads, writes and invalidates at random through the product's cache, and writes down what it saw.

Run as `python -m tests.support.cache_witness`, with the plan as JSON on standard input.
"""

import asyncio
import random
import signal
import sys
import time
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct
from sqlalchemy import text

from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWork
from tests.support.cache_processes import CacheProcess, product_cache_process

KEYS = 6
READERS, WRITERS = 4, 2
STEP_SECONDS = 0.005
# What is kept runs out after a while and is true again whatever happens: a value that is untrue must be seen before.
TTL_SECONDS, SOON_SECONDS = 5, 3
CREATE = (
    "CREATE TABLE versions (key int PRIMARY KEY, version int NOT NULL)",
    f"INSERT INTO versions SELECT key, 0 FROM generate_series(0, {KEYS - 1}) AS key",
)
_LOAD = text("SELECT version FROM versions WHERE key = :key")
_WRITE = text("UPDATE versions SET version = version + 1 WHERE key = :key RETURNING version")


class Plan(Struct, frozen=True, kw_only=True):
    """What to work over, and where to write down what was seen."""

    name: str
    database_url: str
    redis_url: str | None
    log: str
    seed: int
    direct_url: str | None = None
    may_listen: bool = True


class Event(Struct, frozen=True, array_like=True):
    """A write that was acknowledged, or a read, from before its call to after its answer, by the machine's monotonic
    clock, which all processes share; or a stall, while which the machine let the process stand still; or the end of its
    writes."""

    kind: str
    key: int
    version: int
    began: float
    ended: float
    process: str


class Witness:
    def __init__(self, plan: Plan, process: CacheProcess, log: IO[bytes]) -> None:
        self._plan = plan
        self._process = process
        self._log = log
        self._random = random.Random(plan.seed)
        self._ended, self._all_have_ended = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Until SIGTERM. Then SIGUSR1 tells that nobody writes any more, and it reads once again."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._ended.set)
        loop.add_signal_handler(signal.SIGUSR1, self._all_have_ended.set)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(READERS):
                tasks.create_task(self._read_until())
            for _ in range(WRITERS):
                tasks.create_task(self._write_until())
            tasks.create_task(self._note_stalls())
        self._note("ended", 0, 0, time.monotonic())
        await self._all_have_ended.wait()
        # Whatever befell it: everything is true again soon after.
        until = time.monotonic() + SOON_SECONDS
        for key in range(KEYS):
            await self._read_last(key, until)

    async def _read_until(self) -> None:
        while not self._ended.is_set():
            kind, key = "fresh" if self._random.random() < 0.3 else "plain", self._random.randrange(KEYS)
            began = time.monotonic()
            self._note(kind, key, await self._read(kind, key), began)
            await asyncio.sleep(self._random.uniform(0, 0.006))

    async def _write_until(self) -> None:
        while not self._ended.is_set():
            await asyncio.sleep(self._random.uniform(0, 0.06))
            chance, key = self._random.random(), self._random.randrange(KEYS)
            if chance < 0.01:
                await self._process.cache.clear()
            elif chance < 0.1:
                await self._process.cache.invalidate([f"item:{key}"])
            else:
                await self._write(key)

    async def _note_stalls(self) -> None:
        """What the process itself is busy with is no stall: its own work holds nobody else up but by its fault."""
        while not self._ended.is_set():
            due, used = time.monotonic() + STEP_SECONDS, time.process_time()
            await asyncio.sleep(STEP_SECONDS)
            now, own_work = time.monotonic(), time.process_time() - used
            if now - due - own_work > STEP_SECONDS:
                self._log.write(msgspec.json.encode(Event("stall", 0, 0, due + own_work, now, self._plan.name)) + b"\n")

    async def _read_last(self, key: int, until: float) -> None:
        version = int(await self._load(key))
        while (seen := await self._read("plain", key)) != version and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(STEP_SECONDS)
        self._note("last", key, seen, time.monotonic())

    async def _read(self, kind: str, key: int) -> int:
        """As the product does: at once when there is something at hand."""
        cache = self._process.cache
        tags = [f"item:{key}", "items"]
        found = None
        if kind != "fresh":
            found = cache.peek(f"item:{key}") or await cache.glance(f"item:{key}", tags)
        if found is None:
            found = await cache.get_or_load(
                f"item:{key}", lambda: self._load(key), ttl_seconds=TTL_SECONDS, tags=tags, fresh=kind == "fresh"
            )
        return int(found.value)

    async def _load(self, key: int) -> bytes:
        database = self._process.database
        assert database is not None
        async with database.read() as connection:
            version = (await connection.execute(_LOAD, {"key": key})).scalar_one()
        if self._random.random() < 0.2:
            await asyncio.sleep(self._random.uniform(0, 0.02))
        return b"%d" % version

    async def _write(self, key: int) -> None:
        began, unit_of_work = time.monotonic(), self._process.unit_of_work
        assert unit_of_work is not None
        async with unit_of_work() as uow:
            assert isinstance(uow, SqlUnitOfWork)
            version = (await uow.transaction.execute(_WRITE, {"key": key})).scalar_one()
            uow.transaction.touch(f"item:{key}")
        self._note("write", key, version, began)

    def _note(self, kind: str, key: int, version: int, began: float) -> None:
        event = Event(kind, key, version, began, time.monotonic(), self._plan.name)
        self._log.write(msgspec.json.encode(event) + b"\n")


async def witness(plan: Plan, log: IO[bytes]) -> None:
    made = product_cache_process(
        plan.database_url,
        plan.redis_url,
        direct_url=plan.direct_url,
        may_listen=plan.may_listen,
        waits_for_redis=False,
    )
    async with made as process:
        await Witness(plan, process, log).run()


def main() -> None:
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    with Path(plan.log).open("ab", buffering=0) as log:
        asyncio.run(witness(plan, log))


if __name__ == "__main__":
    main()
