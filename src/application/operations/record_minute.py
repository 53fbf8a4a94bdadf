"""The figures of a minute are kept for the charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from application.operations.show_metrics import score_of
from application.ports.circuit_breakers import CircuitBreakers
from application.ports.clock import Clock
from application.ports.figure_history import FigureHistory, MinuteFigures
from application.ports.metric_figures import MetricFigures
from application.ports.process_register import ProcessRegister

SHOWN = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMinute:
    """Of several processes that do so in one minute the first is heard."""

    figures: MetricFigures
    circuit_breakers: CircuitBreakers
    processes: ProcessRegister
    history: FigureHistory
    clock: Clock

    async def execute(self) -> None:
        summary = await self.figures.summary()
        score = score_of(summary, await self.circuit_breakers.status(), await self.processes.present()).score
        await self.history.add(
            MinuteFigures(
                minute=self.clock.now().replace(second=0, microsecond=0),
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
