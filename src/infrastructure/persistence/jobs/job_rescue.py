"""Jobs whose worker died."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.job_records import CRASHES_TO_BURY
from infrastructure.persistence.dialects import unclaimed
from infrastructure.persistence.jobs.job_tables import JobStatus, jobs

BATCH = 100


def is_orphan(now: datetime) -> Any:
    return and_(jobs.c.status == JobStatus.RUNNING.value, jobs.c.lease_until < now)


async def rescue_orphans(connection: AsyncConnection, *, now: datetime) -> None:
    """They go back to where they waited, the attempt still counted. One that killed several workers in a row is given
    up; one that was to be cancelled is cancelled."""
    unwanted = jobs.c.cancel_requested_at.is_not(None)
    is_deadly = jobs.c.crashes + 1 >= CRASHES_TO_BURY
    reason = f"its worker died {CRASHES_TO_BURY} times in a row while it ran"
    orphans = unclaimed(select(jobs.c.id).where(is_orphan(now)).limit(BATCH))
    statement = update(jobs).where(jobs.c.id.in_(orphans.scalar_subquery()))
    await connection.execute(
        statement.values(
            status=case(
                (unwanted, JobStatus.CANCELLED.value),
                (is_deadly, JobStatus.DEAD.value),
                else_=JobStatus.RETRYING.value,
            ),
            crashes=jobs.c.crashes + 1,
            error=case((is_deadly, literal(reason)), else_=jobs.c.error),
            finished_at=case((or_(unwanted, is_deadly), literal(now, jobs.c.finished_at.type)), else_=None),
            lease_id=None,
            lease_until=None,
            dispatched_at=None,
            run_at=now,
        )
    )
