"""Recorded work that happens later, as those steer it who wait for it or operate the product."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.operations.redaction import redacted
from domain.shared.actor import AccountId, Actor
from domain.shared.errors import Conflict, NotFound

JobId = NewType("JobId", UUID)


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    CANCELLED = "cancelled"


class QueueName(StrEnum):
    """The queues, the most important first."""

    MONEY = "money"
    MAIL = "mail"
    DEFAULT = "default"
    REPORTS = "reports"


# They tell people that something is wrong: no pause holds them up, and whoever watches runs what no worker takes up.
NOTICE_KINDS = ("alerts.notify", "alerts.mail")
NOTICE_QUEUE = QueueName.MONEY


class JobNotFound(NotFound):
    title = "There is no such job"


class QueueNotFound(NotFound):
    title = "There is no such queue"


class JobHasEnded(Conflict):
    title = "The job has ended and cannot be cancelled"


class JobNotRetryable(Conflict):
    title = "Only a job that is dead or cancelled can be tried again"


class JobNotDead(Conflict):
    title = "Only a dead job can be dropped"


@dataclass(slots=True, kw_only=True)
class Job:
    """One job. `tries_since` is when its tries began anew, None when that is its creation.

    Without an actor it is the operator who acts, by command.
    """

    id: JobId
    kind: str
    status: JobStatus
    attempts: int
    requester_id: AccountId | None
    run_at: datetime
    tries_since: datetime | None = None
    error: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cancel_requested_at: datetime | None = None

    def cancel(self, *, by: Actor | None, at: datetime) -> None:
        """One that waits is cancelled at once; one that runs is asked to stop. Twice changes nothing. What it has done
        already stays done.

        Raises JobNotFound for strangers, JobHasEnded.
        """
        if by is not None and not by.is_admin and by.account_id != self.requester_id:
            raise JobNotFound
        if self.status in (JobStatus.SUCCEEDED, JobStatus.DEAD):
            raise JobHasEnded(f"The job is {self.status}.")
        if self.status is JobStatus.CANCELLED:
            return
        self.cancel_requested_at = self.cancel_requested_at or at
        if self.status is not JobStatus.RUNNING:
            self.status, self.finished_at = JobStatus.CANCELLED, at

    def retry(self, *, at: datetime) -> None:
        """Begins anew: no attempts yet, due now, and all its time before it. Raises JobNotRetryable."""
        if self.status not in (JobStatus.DEAD, JobStatus.CANCELLED):
            raise JobNotRetryable(f"The job is {self.status}.")
        self.status, self.attempts = JobStatus.QUEUED, 0
        self.run_at = self.tries_since = at
        self.started_at = self.finished_at = self.cancel_requested_at = None

    def drop(self, *, reason: str | None, at: datetime) -> None:
        """Nobody will try it again; it is kept for a while with why it failed and why it was dropped.

        Raises JobNotDead.
        """
        if self.status is not JobStatus.DEAD:
            raise JobNotDead(f"The job is {self.status}.")
        self.status, self.finished_at = JobStatus.CANCELLED, at
        self.error = redacted(f"Dropped ({reason or 'no reason given'}) after {self.error or 'no error'}")
