"""A steady stream of requests, and how each was answered."""

import asyncio
import itertools
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import httpx

Visit = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]

NO_ANSWER = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """`status` is NO_ANSWER when the connection failed; `at` is the instant, of time.monotonic, the request began."""

    route: str
    at: float
    seconds: float
    status: int

    @property
    def is_failure(self) -> bool:
        return self.status == NO_ANSWER or self.status >= 500


class Traffic:
    """Makes one visit after the other, through one process after the other, so many a second however slow the answers,
    or fewer while `at_once` are under way.

    Runs in a thread of its own between `start` and `stop`.
    """

    def __init__(
        self, addresses: Sequence[str], visits: Mapping[str, Visit], *, per_second: float, at_once: int = 100_000
    ) -> None:
        self.answers: list[Answered] = []
        self._addresses = addresses
        self._visits = visits
        self._pause_seconds = 1 / per_second
        self._places = asyncio.Semaphore(at_once)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="traffic")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Waits for the answers that are still to come."""
        self._stopping.set()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def between(self, begin: float, end: float = float("inf")) -> list[Answered]:
        return [answered for answered in list(self.answers) if begin <= answered.at < end]

    async def _run(self) -> None:
        clients = [httpx.AsyncClient(base_url=address, timeout=120) for address in self._addresses]
        turns = itertools.cycle(itertools.product(self._visits.items(), clients))
        async with asyncio.TaskGroup() as visitors:
            due = time.monotonic()
            while not self._stopping.is_set():
                await self._places.acquire()
                (route, visit), client = next(turns)
                visitors.create_task(self._make(route, visit, client))
                due += self._pause_seconds
                await asyncio.sleep(due - time.monotonic())
        for client in clients:
            await client.aclose()

    async def _make(self, route: str, visit: Visit, client: httpx.AsyncClient) -> None:
        at = time.monotonic()
        try:
            status = (await visit(client)).status_code
        except httpx.TransportError:
            status = NO_ANSWER
        finally:
            self._places.release()
        self.answers.append(Answered(route=route, at=at, seconds=time.monotonic() - at, status=status))
