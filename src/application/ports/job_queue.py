"""Work for later, recorded in the same transaction as its reason."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.operations.job import Job, JobId, QueueName

JobPayload = Mapping[str, str | int | bool | None]


class JobQueue(Protocol):
    """The job records of a unit of work.

    Promises, checked by `tests/contract/test_job_queue.py`: a job exists if and only if its unit of work committed;
    it runs at least once, and its record tells how it went; of several jobs with one `unique_key` only the first
    exists; what a job writes in the unit of work in which it finishes happens once, however often the job runs.
    """

    @abstractmethod
    async def enqueue(
        self,
        kind: str,
        payload: JobPayload,
        *,
        queue: str = "default",
        run_at: datetime | None = None,
        unique_key: str | None = None,
        requester_id: UUID | None = None,
    ) -> UUID | None:
        """Records a job of `kind` (ids only in the payload). None when `unique_key` is taken already."""
        ...

    @abstractmethod
    async def open_of(self, kind: str, *, requester_id: UUID) -> Mapping[UUID, JobPayload]:
        """The payloads of his jobs of this kind that wait or run."""
        ...

    @abstractmethod
    def finish_current(self, *, result_url: str | None = None) -> None:
        """The job under way, if there is one, is done when this unit of work commits: it must be its last. `result_url`
        is where its result is found then."""
        ...

    @abstractmethod
    async def get(self, job_id: JobId) -> Job:
        """With its row locked: nobody claims or ends it meanwhile. Raises JobNotFound."""
        ...

    @abstractmethod
    async def save(self, job: Job) -> None:
        """Takes no lease away: a job that runs is only asked to stop."""
        ...

    @abstractmethod
    async def pause(self, queue: QueueName) -> bool:
        """From the commit on none of its jobs is sent or claimed. False when that was so already."""
        ...

    @abstractmethod
    async def resume(self, queue: QueueName) -> bool:
        """Has every job sent again that waits in it. False when it was not paused."""
        ...
