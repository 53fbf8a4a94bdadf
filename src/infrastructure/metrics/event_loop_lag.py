"""How late the event loop comes to what is due."""

import asyncio
import time
from collections import deque

from application.ports.metrics import Metrics

SAMPLE_SECONDS = 0.5
REMEMBERED_SECONDS = 10.0


class EventLoopLag:
    """Tells every lag to the metrics, and remembers those of the last ten seconds."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._recent: deque[float] = deque(maxlen=int(REMEMBERED_SECONDS / SAMPLE_SECONDS))

    async def run(self) -> None:
        """Samples until cancelled."""
        while True:
            due = time.monotonic() + SAMPLE_SECONDS
            await asyncio.sleep(SAMPLE_SECONDS)
            lag = max(0.0, time.monotonic() - due)
            self._metrics.loop_lagged(seconds=lag)
            self._recent.append(lag)

    @property
    def worst_seconds(self) -> float:
        return max(self._recent, default=0.0)
