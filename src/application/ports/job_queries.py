"""What is shown of jobs."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from domain.operations.job import JobStatus, QueueName
from domain.shared.actor import Actor


class JobView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A job as who asked for it sees it. `progress` 0 to 1; `error` is that of the last failure, without secrets."""

    id: UUID
    kind: str
    status: JobStatus
    attempts: int
    progress: float | None
    error: str | None
    result_url: str | None
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None


class AdminJobView(JobView, frozen=True, kw_only=True, rename="camel"):
    queue: QueueName
    requester_id: UUID | None
    correlation_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    status: JobStatus | None = None
    kind: str | None = None
    queue: QueueName | None = None


class JobQueries(Protocol):
    """Reads of jobs without a transaction; checked by `tests/contract/test_job_queries.py`."""

    @abstractmethod
    async def get(self, job_id: UUID, *, viewer: Actor) -> JobView:
        """For who asked for it and for admins. Raises JobNotFound for everybody else."""
        ...

    @abstractmethod
    async def job(self, job_id: UUID) -> AdminJobView:
        """Raises JobNotFound."""
        ...

    @abstractmethod
    async def jobs(
        self, wanted: JobFilter, *, limit: int, after: UUID | None
    ) -> tuple[list[AdminJobView], UUID | None]:
        """A page, newest first, and the id behind which the next one begins."""
        ...

    @abstractmethod
    async def died_since(self, instant: datetime, *, limit: int) -> list[AdminJobView]:
        """Those that are dead since this instant or later, the last to die first."""
        ...

    @abstractmethod
    async def left_lying(self, queue: QueueName, kinds: Collection[str], *, due_by: datetime, limit: int) -> list[UUID]:
        """Those of these kinds that were due by then and that nobody has taken up, the longest due first."""
        ...

    @abstractmethod
    async def is_any_open(self, unique_keys: Collection[str]) -> bool:
        """Whether one of them waits or runs."""
        ...

    @abstractmethod
    async def paused_queues(self) -> Mapping[QueueName, datetime]:
        """Since when each of them is paused."""
        ...
