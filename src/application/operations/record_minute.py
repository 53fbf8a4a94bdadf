"""The figures of a minute are kept for the charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.operations.show_metrics import score_of
from application.ports.circuit_breakers import CircuitBreakers
from application.ports.clock import Clock
from application.ports.figure_history import FigureHistory, MinuteFigures
from application.ports.metric_figures import MetricFigures
from application.ports.process_register import ProcessRegister

SHOWN = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
# All processes have told what they measured by then.
SETTLED_AFTER = timedelta(seconds=5)


def last_settled_minute(now: datetime) -> datetime:
    """When the last minute by the clock of which everything is known has ended."""
    return (now - SETTLED_AFTER).replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMinute:
    """A minute by the clock; of several processes that do so for the same one the first is heard."""

    figures: MetricFigures
    circuit_breakers: CircuitBreakers
    processes: ProcessRegister
    history: FigureHistory

    async def execute(self, *, until: datetime) -> None:
        """The minute by the clock that ended then, not much more than a minute ago."""
        summary = await self.figures.summary(minute_until=until)
        score = score_of(summary, await self.circuit_breakers.status(), await self.processes.present()).score
        await self.history.add(
            MinuteFigures(
                minute=until - MINUTE,
                requests=summary.requests_per_minute,
                errors=summary.errors_per_minute,
                p95=round(summary.p95_of_minute, 1),
                mean=round(summary.mean_of_minute, 1),
                active_users=summary.active_users,
                cache_hit_rate=round(summary.cache_hit_rate, 4),
                score=score,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHistory:
    history: FigureHistory
    clock: Clock

    async def execute(self) -> Sequence[MinuteFigures]:
        """The last hour, the oldest minute first."""
        return await self.history.since(self.clock.now() - SHOWN)
