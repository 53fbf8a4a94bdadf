"""Job records as those see them who run jobs."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol
from uuid import UUID

from application.ports.job_queue import JobPayload

LEASE_SECONDS = 15


class Lease(Enum):
    """What becomes of a lease that its holder wants to renew. `UNWANTED`: it holds, and the holder should stop."""

    HELD = "held"
    LOST = "lost"
    UNWANTED = "unwanted"


class LeaseLost(Exception):
    """The job is somebody else's by now; nothing of the transaction was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedJob:
    """A job that is ours until the lease runs out. Its deadline counts from `tries_since`: its creation, or when it was
    last had tried again."""

    id: UUID
    kind: str
    payload: JobPayload
    attempts: int
    created_at: datetime
    tries_since: datetime
    lease_id: UUID
    payload_version: int = 1
    correlation_id: str | None
    trace_parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCounts:
    """Of one queue: jobs that wait, run and are dead, and the age in seconds of the oldest that is due."""

    queue: str
    waiting: int
    running: int
    dead: int
    oldest_seconds: float


class JobRecords(Protocol):
    """Claims jobs and writes how they went.

    Promises, checked by `tests/contract/test_job_queue.py`: at any instant one holder at most; what a holder writes
    after losing his lease changes nothing; a claim counts as an attempt, `hand_back` takes it off again; a job of a
    paused queue cannot be claimed; one that is to be cancelled ends cancelled unless it succeeds; errors are kept
    without secrets.
    """

    @abstractmethod
    async def claim(self, job_id: UUID) -> ClaimedJob | None:
        """Takes the job for LEASE_SECONDS; None when it is done, dead, not due, paused or somebody else's. Asks for
        half a minute while the database is away (Unavailable); an answer that got lost takes no second attempt."""
        ...

    @abstractmethod
    async def renew(self, job: ClaimedJob, *, progress: float | None = None) -> Lease:
        """Extends the lease, and writes how far the job is, 0 to 1."""
        ...

    @abstractmethod
    async def succeed(self, job: ClaimedJob) -> bool:
        """Whether the lease was still held, and so the success written."""
        ...

    @abstractmethod
    async def retry(self, job: ClaimedJob, *, error: str, run_at: datetime) -> None: ...

    @abstractmethod
    async def bury(self, job: ClaimedJob, *, error: str) -> None:
        """Gives up: dead jobs are kept until an admin decides."""
        ...

    @abstractmethod
    async def hand_back(self, job: ClaimedJob, *, run_at: datetime) -> None:
        """Postpones without counting the attempt: the breaker was open, or this process is going away."""
        ...

    @abstractmethod
    async def counts(self) -> Mapping[str, JobCounts]: ...
