"""Brings errors that nobody expected into their groups."""

import asyncio
from collections.abc import Callable

import structlog

from application.ports.clock import Clock
from application.ports.error_groups import ErrorGroups, SeenErrors
from application.ports.error_log import ErrorLog
from application.ports.metrics import Metrics
from domain.shared.errors import DomainError, Unavailable
from infrastructure.errors.sightings import sighting_of

MOST_WAITING = 200
PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 30.0

# Who else wants to know of an error, and where it came up.
Reporter = Callable[[BaseException, str], None]


class ErrorJournal(ErrorLog):
    """Counts in memory and writes every two seconds. While the database is away, or in a flood, the first so many
    groups wait and are counted; others are lost."""

    def __init__(self, groups: ErrorGroups, clock: Clock, metrics: Metrics, *, report: Reporter | None = None) -> None:
        self._groups = groups
        self._clock = clock
        self._metrics = metrics
        self._report = report
        self._waiting: dict[str, SeenErrors] = {}
        self._work = asyncio.Event()

    def note(self, error: BaseException, *, place: str) -> None:
        if isinstance(error, DomainError):
            return
        now = self._clock.now()
        sighting = sighting_of(error, place=place, at=now)
        self._metrics.error_happened(kind=sighting.kind)
        known = self._waiting.get(sighting.fingerprint)
        if known is not None:
            known.count, known.last_seen_at = known.count + 1, now
        elif len(self._waiting) < MOST_WAITING:
            self._waiting[sighting.fingerprint] = SeenErrors(sighting=sighting, first_seen_at=now, last_seen_at=now)
        self._work.set()
        if self._report is not None:
            self._report(error, place)

    async def run(self) -> None:
        """Works until cancelled."""
        pause = PAUSE_SECONDS
        while True:
            await self._work.wait()
            pause = PAUSE_SECONDS if await self.write() else min(2 * pause, LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    async def write(self) -> bool:
        """Whether everything noted so far is kept."""
        self._work.clear()
        writing, self._waiting = self._waiting, {}
        try:
            if writing:
                await self._groups.add(list(writing.values()))
        except Unavailable as error:
            structlog.get_logger(__name__).warning("errors.wait", reason=type(error).__name__, groups=len(writing))
            self._take_back(writing)
            return False
        return True

    def _take_back(self, writing: dict[str, SeenErrors]) -> None:
        for fingerprint, errors in self._waiting.items():
            if fingerprint in writing:
                writing[fingerprint].count += errors.count
                writing[fingerprint].last_seen_at = errors.last_seen_at
            elif len(writing) < MOST_WAITING:
                writing[fingerprint] = errors
        self._waiting = writing
        self._work.set()
