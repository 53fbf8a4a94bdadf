"""One look at the system a second while somebody watches, shared by all who do in this process."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Generator
from contextlib import contextmanager
from contextvars import Context

from application.deadline import deadline_in
from application.operations.live_view import LiveView
from domain.accounts.session import SessionId
from domain.shared.errors import Unavailable

EVERY_SECONDS = 1.0
LONGEST_SECONDS = 300.0
PATIENCE_SECONDS = 4.0
# How long a stream may outlive the right to it.
ADMITTED_SECONDS = 5.0

StillAdmins = Callable[[Collection[SessionId]], Awaitable[Collection[SessionId]]]


class LiveFeed:
    """Everybody gets the latest view, and whoever is slow skips those in between: nothing piles up. It looks while
    somebody watches, and never otherwise.

    After `longest_seconds` whoever watches has to come again: browsers do so by themselves, and whoever has fallen
    silent without a word does not. Whether those who watch still may is asked for all of them at once, every
    `admitted_seconds`; while that cannot be told everybody goes on."""

    def __init__(
        self,
        look: Callable[[], Awaitable[LiveView]],
        still_admins: StillAdmins,
        *,
        every_seconds: float = EVERY_SECONDS,
        longest_seconds: float = LONGEST_SECONDS,
        admitted_seconds: float = ADMITTED_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._look = look
        self._still_admins = still_admins
        self._admitted_seconds = admitted_seconds
        self._patience_seconds = patience_seconds
        self._admitted_at = 0.0
        self._sessions: Counter[SessionId] = Counter()
        self._turned_out: set[SessionId] = set()
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

    async def views(self, session_id: SessionId | None = None) -> AsyncGenerator[LiveView]:
        """The view of now and every one that follows, until the feed ends, it has taken long enough, or the session is
        no admin's any more; without one nobody asks."""
        seen: LiveView | None = None
        end_at = self._monotonic() + self._longest_seconds
        with self._watched(session_id) as looking:
            while not self.has_ended and self._monotonic() < end_at and session_id not in self._turned_out:
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
    def _watched(self, session_id: SessionId | None) -> Generator[asyncio.Task[None]]:
        self._watchers += 1
        if session_id is not None:
            self._sessions[session_id] += 1
        if self._looking is None or self._looking.done():
            # What was seen before nobody watched is old.
            self._latest = None
            # It belongs to no request: neither its deadline nor its correlation id are that of the first who watched.
            self._looking = asyncio.create_task(self._look_while_watched(), name="live feed", context=Context())
        try:
            yield self._looking
        finally:
            self._watchers -= 1
            if session_id is not None:
                self._left(session_id)

    def _left(self, session_id: SessionId) -> None:
        self._sessions[session_id] -= 1
        if not self._sessions[session_id]:
            del self._sessions[session_id]
            self._turned_out.discard(session_id)

    async def _turn_out(self) -> None:
        """Those who watched with a right that they have no more."""
        now = self._monotonic()
        if now - self._admitted_at < self._admitted_seconds or not self._sessions:
            return
        self._admitted_at, asked = now, set(self._sessions)
        try:
            self._turned_out |= asked.difference(await self._still_admins(asked)) & set(self._sessions)
        except Unavailable:
            return
        if self._turned_out:
            self._tell()

    async def _look_while_watched(self) -> None:
        # Whoever began to watch was let in just now.
        self._admitted_at = self._monotonic()
        while self._watchers and not self.has_ended:
            self._now.clear()
            # A database that hangs must show as one that is away, and soon.
            with deadline_in(self._patience_seconds):
                await self._turn_out()
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
