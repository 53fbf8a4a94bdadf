"""Jobs whose worker died."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.operations.crashes import CRASHES_TO_BURY, LOOK_BACK, SAME_DEATH, Verdict, is_suspect, judge
from infrastructure.persistence.dialects import lock_table, unclaimed
from infrastructure.persistence.jobs.job_tables import JobStatus, has_status, job_crashes, jobs

BATCH = 100
# Between suspects that died together: time enough for one that kills to do so alone.
APART = timedelta(seconds=10)


def is_orphan(now: Any) -> Any:
    """`now` is an instant or a parameter."""
    return and_(has_status(JobStatus.RUNNING), jobs.c.lease_until < now)


async def rescue_orphans(connection: AsyncConnection, *, now: datetime) -> None:
    """They go back to where they waited, the attempt still counted, before whatever came later. One that kills its
    workers is given up; one that was to be cancelled is cancelled."""
    columns = (jobs.c.id, jobs.c.crashes, jobs.c.cancel_requested_at)
    orphans = (await connection.execute(unclaimed(select(*columns).where(is_orphan(now)).limit(BATCH)))).all()
    if not orphans:
        return
    # One judge at a time: the next one sees what this one decided.
    await lock_table(connection, job_crashes)
    await connection.execute(job_crashes.insert(), [{"job_id": orphan.id, "at": now} for orphan in orphans])
    unwanted = [orphan.id for orphan in orphans if orphan.cancel_requested_at is not None]
    wanted = [orphan for orphan in orphans if orphan.cancel_requested_at is None]
    await _free(connection, unwanted, JobStatus.CANCELLED, finished_at=now)
    await _free(connection, [orphan.id for orphan in wanted], JobStatus.RETRYING)
    suspects = [orphan for orphan in wanted if is_suspect(orphan.crashes + 1)]
    if suspects:
        await _judge(connection, suspects, now)


async def _free(connection: AsyncConnection, job_ids: Sequence[UUID], status: JobStatus, **values: Any) -> None:
    if job_ids:
        freed = update(jobs).where(jobs.c.id.in_(job_ids))
        lease = {"lease_id": None, "lease_until": None, "dispatched_at": None}
        await connection.execute(freed.values(status=status.value, crashes=jobs.c.crashes + 1, **lease, **values))


async def _judge(connection: AsyncConnection, suspects: Sequence[Row[Any]], now: datetime) -> None:
    deaths = (await connection.execute(select(job_crashes).where(job_crashes.c.at > now - LOOK_BACK))).all()
    companions = {row.id for row in (await connection.execute(_other_suspects(now))).all()}
    for suspect in suspects:
        verdict = judge(
            crashes=suspect.crashes + 1,
            own=[death.at for death in deaths if death.job_id == suspect.id],
            of_others=[death.at for death in deaths if death.job_id != suspect.id],
            with_suspects=bool(companions - {suspect.id}),
        )
        row = update(jobs).where(jobs.c.id == suspect.id)
        if verdict is Verdict.GUILTY:
            error = f"its worker died {suspect.crashes + 1} times in a row while it ran"
            await connection.execute(row.values(status=JobStatus.DEAD.value, error=error, finished_at=now))
        elif verdict is Verdict.APART:
            # By rank among all of them: they may be found in several rounds.
            place = sorted(companions | {suspect.id}).index(suspect.id)
            await connection.execute(row.values(run_at=now + place * APART))


def _other_suspects(now: datetime) -> Any:
    """Those that died just now, and those that nobody has renewed the lease of for so long that they will have."""
    died = exists().where(job_crashes.c.job_id == jobs.c.id, job_crashes.c.at >= now - SAME_DEATH)
    dies = is_orphan(now + SAME_DEATH)
    counted, not_yet = jobs.c.crashes >= CRASHES_TO_BURY, jobs.c.crashes + 1 >= CRASHES_TO_BURY
    return select(jobs.c.id).where(or_(and_(died, counted), and_(dies, not_yet)))
