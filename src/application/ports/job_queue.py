"""Work for later, recorded in the same transaction as its reason."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

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
    def finish_current(self) -> None:
        """The job under way, if there is one, is done when this unit of work commits: it must be its last."""
        ...
