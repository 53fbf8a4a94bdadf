"""A monitoring system reads everything measured."""

from collections.abc import Mapping
from dataclasses import dataclass

from application.ports.job_records import JobRecords
from application.ports.metric_figures import Gauge, MetricFigures
from application.ports.process_register import ProcessRegister
from application.ports.system_queries import SystemQueries
from domain.shared.errors import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMetrics:
    """Totals over all processes, whichever of them is asked. What only the database knows is left out while it is
    away."""

    figures: MetricFigures
    job_records: JobRecords
    processes: ProcessRegister
    system_queries: SystemQueries

    async def execute(self) -> bytes:
        try:
            gauges = [*await self._of_processes(), *await self._of_queues()]
        except Unavailable:
            gauges = []
        return await self.figures.exposition(gauges)

    async def _of_processes(self) -> list[Gauge]:
        gauges: list[Gauge] = []
        for process in await self.processes.present():
            labels = {"process": process.id, "role": process.role}
            gauges += (
                _gauge("process_memory_bytes", process.memory_bytes, labels),
                _gauge("process_memory_limit_bytes", process.memory_limit_bytes, labels),
                _gauge("process_loop_lag_seconds", process.loop_lag_ms / 1000, labels),
                _gauge("process_uptime_seconds", process.uptime_seconds, labels),
            )
        return gauges

    async def _of_queues(self) -> list[Gauge]:
        gauges = [_gauge("outbox_age_seconds", await self.system_queries.outbox_age_seconds(), {})]
        for name, queue in (await self.job_records.counts()).items():
            labels = {"queue": name}
            gauges += (
                _gauge("queue_waiting", queue.waiting, labels),
                _gauge("queue_running", queue.running, labels),
                _gauge("queue_dead", queue.dead, labels),
                _gauge("queue_oldest_seconds", queue.oldest_seconds, labels),
            )
        return gauges


def _gauge(name: str, value: float, labels: Mapping[str, str]) -> Gauge:
    return Gauge(name=f"tailtribe_{name}", value=value, labels=labels)
