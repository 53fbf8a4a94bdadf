"""Everything that the rules of alerts look at, gathered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from application.ports.clock import Clock
from application.ports.job_records import JobRecords
from application.ports.metric_figures import MetricFigures
from application.ports.process_register import ProcessRegister, ProcessReport
from application.ports.system_queries import SystemQueries
from domain.operations.alert_rules import WHOLE_SYSTEM, Observations

# Who is there and which breakers are open is looked at each time; the rest costs more, or commands of Redis.
FIGURES_EVERY = timedelta(seconds=10)
INVARIANTS_EVERY = timedelta(seconds=60)


@dataclass(slots=True, kw_only=True)
class ObserveSystem:
    """What is older than it may be is asked for again. The ledger's figures come with the ledger."""

    figures: MetricFigures
    job_records: JobRecords
    processes: ProcessRegister
    system_queries: SystemQueries
    clock: Clock
    figures_every: timedelta = FIGURES_EVERY
    invariants_every: timedelta = INVARIANTS_EVERY
    _seen: dict[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])
    _figures_at: datetime | None = None
    _invariants_at: datetime | None = None

    async def execute(self) -> Observations:
        """Raises Unavailable while the database is away."""
        now = self.clock.now()
        self._seen |= _of_processes(await self.processes.present())
        if self._figures_at is None or now - self._figures_at >= self.figures_every:
            self._seen |= await self._of_figures()
            self._seen |= await self._of_queues()
            self._figures_at = now
        if self._invariants_at is None or now - self._invariants_at >= self.invariants_every:
            self._seen["over_capacity"] = {WHOLE_SYSTEM: await self.system_queries.over_capacity()}
            self._invariants_at = now
        return self._seen

    async def _of_figures(self) -> dict[str, Mapping[str, float]]:
        summary = await self.figures.summary()
        return {
            "requests_of_minute": {WHOLE_SYSTEM: summary.requests_per_minute},
            "errors_of_minute": {WHOLE_SYSTEM: summary.errors_per_minute},
            "p95_ms_of_minute": {WHOLE_SYSTEM: summary.p95_of_minute},
        }

    async def _of_queues(self) -> dict[str, Mapping[str, float]]:
        counts = await self.job_records.counts()
        return {
            "queue_oldest_seconds": {name: queue.oldest_seconds for name, queue in counts.items()},
            "dead_jobs": {name: queue.dead for name, queue in counts.items()},
            "outbox_age_seconds": {WHOLE_SYSTEM: await self.system_queries.outbox_age_seconds()},
        }


def _of_processes(present: Sequence[ProcessReport]) -> dict[str, Mapping[str, float]]:
    """A breaker is open when it is so in any process."""
    return {
        "open_breakers": {name: 1.0 for process in present for name in process.open_breakers},
        "memory_share": {process.id: process.memory_bytes / process.memory_limit_bytes for process in present},
        "database_away_seconds": {},
    }
