"""An admin looks at the queues."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from application.ports.job_queries import JobQueries
from application.ports.job_records import JobRecords
from domain.operations.job import QueueName


class QueueView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`depth` counts the jobs that wait, `oldest_seconds` how long the first that is due has waited."""

    name: QueueName
    depth: int
    running: int
    dead: int
    oldest_seconds: float
    paused: bool
    paused_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowQueues:
    job_records: JobRecords
    job_queries: JobQueries

    async def execute(self) -> Sequence[QueueView]:
        """Every queue, the most important first."""
        counts, paused = await self.job_records.counts(), await self.job_queries.paused_queues()
        return [
            QueueView(
                name=queue,
                depth=counts[queue].waiting,
                running=counts[queue].running,
                dead=counts[queue].dead,
                oldest_seconds=round(counts[queue].oldest_seconds, 1),
                paused=queue in paused,
                paused_at=paused.get(queue),
            )
            for queue in QueueName
        ]
