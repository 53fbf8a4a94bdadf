"""Brings changes of circuit breakers into their history."""

import asyncio
from collections import deque
from collections.abc import Collection

import structlog

from application.ports.breaker_history import BreakerChange, BreakerHistory
from application.ports.circuit_breakers import BreakerState, BreakerTransition
from application.ports.ids import Ids
from domain.shared.errors import Unavailable

MOST_WAITING = 1_000
SHORTEST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


class BreakerJournal:
    """Keeps what was made in this process; every other process keeps its own part. While the database is away the
    latest thousand changes wait. Of breakers that are `probed_often` only openings and closings are kept."""

    def __init__(
        self,
        history: BreakerHistory,
        ids: Ids,
        *,
        process: str,
        probed_often: Collection[str] = (),
        pause_seconds: float = SHORTEST_PAUSE_SECONDS,
    ) -> None:
        self._history = history
        self._probed_often = frozenset(probed_often)
        self._ids = ids
        self._process = process
        self._waiting: deque[BreakerChange] = deque(maxlen=MOST_WAITING)
        self._work = asyncio.Event()
        self._pause_seconds = pause_seconds

    def note(self, transition: BreakerTransition) -> None:
        """A listener of breakers."""
        is_probing = BreakerState.CLOSED not in (transition.from_state, transition.to_state)
        if not transition.made_here or (is_probing and transition.name in self._probed_often):
            return
        self._waiting.append(
            BreakerChange(
                id=self._ids.new(),
                name=transition.name,
                from_state=transition.from_state,
                to_state=transition.to_state,
                at=transition.at,
                reason=transition.reason,
                process=self._process,
            )
        )
        self._work.set()

    async def run(self) -> None:
        """Works until cancelled."""
        pause = self._pause_seconds
        while True:
            await self._work.wait()
            if await self.write():
                pause = self._pause_seconds
                continue
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def write(self) -> bool:
        """Whether everything noted so far is kept."""
        self._work.clear()
        changes = list(self._waiting)
        try:
            if changes:
                await self._history.add(changes)
        except Unavailable as error:
            structlog.get_logger().warning("breaker.history_waits", reason=type(error).__name__, changes=len(changes))
            self._work.set()
            return False
        kept = {change.id for change in changes}
        self._waiting = deque((change for change in self._waiting if change.id not in kept), maxlen=MOST_WAITING)
        return True
