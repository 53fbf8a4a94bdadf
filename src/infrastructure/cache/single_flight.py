"""One loader per key at a time, for all who ask."""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field
from typing import Any

from application.deadline import deadline_in, within_deadline
from application.ports.cache import CachedValue

# Less than a request may take: whoever waits for it can still be answered what stands in.
LOAD_SECONDS = 15.0


@dataclass(slots=True, eq=False)
class Flight:
    """A load under way. `outdated` once one of its tags was invalidated: what it brings must not be remembered. Flights
    are numbered as they begin."""

    tags: frozenset[str]
    number: int = 0
    outdated: bool = False
    began: float = field(default_factory=time.monotonic)


Load = Callable[[Flight], Coroutine[Any, Any, CachedValue]]


class SingleFlight:
    """Runs one load per key and lets everybody wait for it; a waiter who leaves takes nobody with him.

    A load goes on when all its waiters have left: the next one will ask for the same. It has a deadline of its own, as
    it belongs to none of them.
    """

    def __init__(self) -> None:
        self._flights: dict[str, tuple[Flight, asyncio.Task[CachedValue]]] = {}
        self.last_number = 0

    def __contains__(self, key: str) -> bool:
        return key in self._flights

    def number(self, key: str) -> int | None:
        """Of the load under way."""
        flight, _ = self._flights.get(key, (None, None))
        return None if flight is None else flight.number

    async def run(self, key: str, tags: frozenset[str], load: Load) -> CachedValue:
        _, task = self.begin(key, tags, load)
        async with within_deadline():
            return await asyncio.shield(task)

    async def run_or(
        self,
        key: str,
        tags: frozenset[str],
        load: Load,
        *,
        after_seconds: float,
        instead: Callable[[], CachedValue | None],
    ) -> CachedValue:
        """As `run`, but when the load takes longer than so long since it began, what there is `instead`; it goes on."""
        flight, task = self.begin(key, tags, load)
        async with within_deadline():
            left = flight.began + after_seconds - time.monotonic()
            if left > 0:
                await asyncio.wait({task}, timeout=left)
            answer = None if task.done() else instead()
            return await asyncio.shield(task) if answer is None else answer

    def begin(self, key: str, tags: frozenset[str], load: Load) -> tuple[Flight, asyncio.Task[CachedValue]]:
        """The load under way, or this one."""
        under_way = self._flights.get(key)
        if under_way is not None and not under_way[1].done():
            return under_way
        self.last_number += 1
        return self._start(key, Flight(tags, self.last_number), load)

    def invalidate(self, tags: Collection[str]) -> None:
        """Marks the loads under these tags outdated. Who asks from now on waits for a new load."""
        for key, (flight, _) in list(self._flights.items()):
            if not flight.tags.isdisjoint(tags):
                self._outdate(key)

    def clear(self) -> None:
        for key in list(self._flights):
            self._outdate(key)

    async def close(self) -> None:
        tasks = [task for _, task in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _outdate(self, key: str) -> None:
        flight, _ = self._flights.pop(key)
        flight.outdated = True

    def _start(self, key: str, flight: Flight, load: Load) -> tuple[Flight, asyncio.Task[CachedValue]]:
        with deadline_in(LOAD_SECONDS):
            task = asyncio.create_task(load(flight), name=f"load {key}")
        self._flights[key] = flight, task

        def landed(task: asyncio.Task[CachedValue]) -> None:
            if not task.cancelled():
                task.exception()  # seen, even when nobody waits any more
            if self._flights.get(key, (None,))[0] is flight:
                del self._flights[key]

        task.add_done_callback(landed)
        return flight, task
