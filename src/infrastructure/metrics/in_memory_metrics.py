"""Measurements of this process, which is the only one."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from application.ports.metric_figures import Gauge, MetricFigures, MetricsSummary
from infrastructure.metrics.measurements import SLOT_SECONDS
from infrastructure.metrics.recorded_metrics import RecordedMetrics


class InMemoryMetrics(RecordedMetrics, MetricFigures):
    """Everything in this process; accounts are counted exactly."""

    async def run(self) -> None:
        """Forgets what no window reaches any more, until cancelled."""
        while True:
            await asyncio.sleep(SLOT_SECONDS)
            self._take_fresh()

    async def stop(self) -> None:
        """Nobody else is to be told."""

    async def summary(
        self,
        *,
        watching: bool = False,  # noqa: ARG002 - nobody else has to hurry
        minute_until: datetime | None = None,
    ) -> MetricsSummary:
        self._take_fresh()
        return self._own_summary(self._windows(minute_until))

    async def exposition(self, gauges: Sequence[Gauge]) -> bytes:
        return self.prometheus_text(gauges)
