"""One look at the system a second while somebody watches, shared by all who do in this process."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import Context

from application.operations.live_view import LiveView

EVERY_SECONDS = 1.0
LONGEST_SECONDS = 300.0


class LiveFeed:
    """Everybody gets the latest view, and whoever is slow skips those in between: nothing piles up. It looks while
    somebody watches, and never otherwise.

    After `longest_seconds` whoever watches has to come again: browsers do so by themselves, and whoever has fallen
    silent without a word does not."""

    def __init__(
        self,
        look: Callable[[], Awaitable[LiveView]],
        *,
        every_seconds: float = EVERY_SECONDS,
        longest_seconds: float = LONGEST_SECONDS,
    ) -> None:
        self._look = look
        self._longest_seconds = longest_seconds
        self._every_seconds = every_seconds
        self._watchers = 0
        self._looking: asyncio.Task[None] | None = None
        self._now = asyncio.Event()
        self._latest: LiveView | None = None
        self._news = asyncio.Event()
        self.has_ended = False

    @property
    def watchers(self) -> int:
        return self._watchers

    async def views(self) -> AsyncGenerator[LiveView]:
        """The view of now and every one that follows, until the feed ends or it has taken long enough."""
        seen: LiveView | None = None
        end_at = time.monotonic() + self._longest_seconds
        with self._watched() as looking:
            while not self.has_ended and time.monotonic() < end_at:
                news, latest = self._news, self._latest
                if latest is None or latest is seen:
                    await self._wait_for(news, looking)
                else:
                    seen = latest
                    yield latest

    async def _wait_for(self, news: asyncio.Event, looking: asyncio.Task[None]) -> None:
        """Raises what kept the feed from looking."""
        waiting = asyncio.ensure_future(news.wait())
        try:
            await asyncio.wait({waiting, looking}, return_when=asyncio.FIRST_COMPLETED)
            if looking.done() and not looking.cancelled() and (error := looking.exception()) is not None:
                raise error
        finally:
            waiting.cancel()

    def look_now(self) -> None:
        """Something was done that whoever did it wants to see."""
        self._now.set()

    def end(self) -> None:
        """All streams of this process end: it goes away."""
        self.has_ended = True
        self._tell()

    async def stop(self) -> None:
        self.end()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    @contextmanager
    def _watched(self) -> Generator[asyncio.Task[None]]:
        self._watchers += 1
        if self._looking is None or self._looking.done():
            # What was seen before nobody watched is old.
            self._latest = None
            # It belongs to no request: neither its deadline nor its correlation id are that of the first who watched.
            self._looking = asyncio.create_task(self._look_while_watched(), name="live feed", context=Context())
        try:
            yield self._looking
        finally:
            self._watchers -= 1

    async def _look_while_watched(self) -> None:
        while self._watchers and not self.has_ended:
            self._now.clear()
            self._latest = await self._look()
            self._tell()
            try:
                async with asyncio.timeout(self._every_seconds):
                    await self._now.wait()
            except TimeoutError:
                continue

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
