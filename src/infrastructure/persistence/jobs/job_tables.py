"""Job records: what is to be done, by when, and how it went. They are the queue; Redis only carries their ids."""

from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    literal_column,
    or_,
    select,
)

from domain.operations.job import NOTICE_KINDS, JobStatus, QueueName
from infrastructure.persistence.tables import UtcDateTime, metadata, one_of

__all__ = ["QUEUES", "JobStatus", "is_not_paused", "job_crashes", "jobs", "paused_queues"]

# On PostgreSQL a trigger announces new events and jobs there at their commit.
WORK_CHANNEL = "tailtribe_work"
QUEUES = tuple(queue.value for queue in QueueName)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", String(80), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("queue", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("requester_id", ForeignKey("accounts.id", ondelete="SET NULL")),
    Column("unique_key", String(200), unique=True),
    Column("correlation_id", String(64)),
    Column("attempts", SmallInteger, nullable=False),
    Column("progress", Float),
    Column("error", Text),
    Column("result_url", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    # When a message about it was last given to the transport; a lost message is given again after a while.
    Column("dispatched_at", UtcDateTime),
    # Who runs it, and until when he is believed to be alive; only he may write the outcome.
    Column("lease_id", Uuid),
    Column("lease_until", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    # When its tries began anew by somebody's wish; its deadline counts from then on. NULL: from its creation.
    Column("tries_since", UtcDateTime),
    Column("cancel_requested_at", UtcDateTime),
    Column("payload_version", SmallInteger, nullable=False, server_default="1"),
    # Leases that ran out in a row: its workers died.
    Column("crashes", SmallInteger, nullable=False, server_default="0"),
    Column("trace_parent", String(55)),
    one_of("status", JobStatus),
    one_of("queue", QUEUES),
    CheckConstraint("attempts >= 0", name="attempts"),
    CheckConstraint("(status = 'running') = (lease_id IS NOT NULL)", name="running_is_leased"),
)
_waiting = or_(jobs.c.status == JobStatus.QUEUED.value, jobs.c.status == JobStatus.RETRYING.value)
Index("ix_jobs_waiting", jobs.c.queue, jobs.c.run_at, postgresql_where=_waiting, sqlite_where=_waiting)
_running = jobs.c.status == JobStatus.RUNNING.value
Index("ix_jobs_running", jobs.c.lease_until, postgresql_where=_running, sqlite_where=_running)
Index("ix_jobs_status_created_at", jobs.c.status, jobs.c.created_at)

# Deaths of workers, by the jobs they ran: when their leases were found to have run out.
job_crashes = Table(
    "job_crashes",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Index("ix_job_crashes_at", "at"),
)

paused_queues = Table(
    "paused_queues",
    metadata,
    Column("queue", String(16), primary_key=True),
    Column("paused_at", UtcDateTime, nullable=False),
    one_of("queue", QUEUES),
)


def has_status(*statuses: JobStatus) -> ColumnElement[bool]:
    """The names are in the text of the statement: PostgreSQL keeps one plan of what runs often, and with parameters it
    could not use the indexes of those that wait and of those that run."""
    return jobs.c.status.in_([literal_column(f"'{status.value}'") for status in statuses])


def is_not_paused() -> Any:
    """The condition on a job to be sent or claimed."""
    return or_(jobs.c.queue.not_in(select(paused_queues.c.queue)), jobs.c.kind.in_(NOTICE_KINDS))
