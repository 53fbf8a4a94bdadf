"""The statements that run for every job, made once: building them takes longer than running them.

Rows are found by their ids alone, whatever the planner believes of the rest: among 50,000 that wait, its other ways
would read them all. PostgreSQL takes ids as an array, so that the statement is the same for any number of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Executable,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import locked, unclaimed
from infrastructure.persistence.jobs.job_rescue import is_orphan
from infrastructure.persistence.jobs.job_tables import QUEUES, JobStatus, has_status, is_not_paused, jobs
from infrastructure.persistence.tables import UtcDateTime

WAITING = (JobStatus.QUEUED.value, JobStatus.RETRYING.value)


@dataclass(frozen=True, slots=True)
class HotStatements:
    """`look` takes now and lost, and tells whether jobs are `due` and whether some are `orphaned`; `dispatch` takes
    now, lost and for each queue the `room_…` there is, marks as dispatched what is due and returns it; `dispatched`
    takes ids and at.

    `claim` takes ids, lease, now, soon and until, and finds again what it took with the same lease; `succeed` takes
    now and what `held` gives, and returns the ids it has written."""

    look: Select[bool, bool]
    dispatch: Executable
    dispatched: Executable
    claim: Executable
    succeed: Executable
    as_arrays: bool

    def held(self, leases: Sequence[tuple[UUID, UUID]]) -> dict[str, Any]:
        """Jobs and their leases as parameters."""
        ids = [job_id for job_id, _ in leases]
        return (
            {"ids": ids, "leases": [lease for _, lease in leases]} if self.as_arrays else {"ids": ids, "held": leases}
        )


def _is_among_ids(*, as_array: bool) -> ColumnElement[bool]:
    if as_array:
        return jobs.c.id == any_(bindparam("ids", type_=ARRAY(Uuid)))
    return jobs.c.id.in_(bindparam("ids", expanding=True))


def _is_due() -> ColumnElement[bool]:
    is_unsent = or_(jobs.c.dispatched_at.is_(None), jobs.c.dispatched_at < bindparam("lost"))
    is_waiting = has_status(JobStatus.QUEUED, JobStatus.RETRYING)
    return and_(is_waiting, jobs.c.run_at <= bindparam("now"), is_unsent, is_not_paused())


def _look() -> Select[bool, bool]:
    is_orphaned = exists().where(is_orphan(bindparam("now")))
    return select(exists().where(_is_due()).label("due"), is_orphaned.label("orphaned"))


def room_for(queue: str) -> str:
    """The name of the parameter of `dispatch`."""
    return f"room_{queue}"


def _dispatch(*, as_array: bool) -> Executable:
    # Each queue for itself: what waits in one must not fill the room of another.
    due = union_all(*(select(_due_in(queue).c.id) for queue in QUEUES)).cte("due")
    ids = select(due.c.id).scalar_subquery()
    is_among = jobs.c.id == any_(func.array(ids, type_=ARRAY(Uuid))) if as_array else jobs.c.id.in_(ids)
    marked = update(jobs).where(is_among).values(dispatched_at=bindparam("now"))
    return marked.returning(jobs.c.id, jobs.c.queue, jobs.c.run_at)


def _due_in(queue: str) -> CTE:
    waiting = select(jobs.c.id).where(jobs.c.queue == queue, _is_due()).order_by(jobs.c.run_at)
    return unclaimed(waiting.limit(bindparam(room_for(queue)))).cte(f"due_in_{queue}")


def _dispatched(*, as_array: bool) -> Executable:
    return update(jobs).where(_is_among_ids(as_array=as_array)).values(dispatched_at=bindparam("at"))


def _claim(*, as_array: bool) -> Executable:
    # One whose lease ran out is set free by the relay, which counts the crash.
    is_free = and_(jobs.c.status.in_(WAITING), jobs.c.run_at <= bindparam("soon"), is_not_paused())
    # By this very claim, whose answer got lost.
    is_ours = func.coalesce(jobs.c.lease_id == bindparam("lease"), False)
    # Waits for whoever holds a row, instead of passing it over: its message is gone with this claim, and a relay that
    # looked at the same moment as the one that sent it may hold it for an instant. By id, so that no two wait for each
    # other.
    wanted = locked(
        select(jobs.c.id, or_(is_free, is_ours).label("is_free"))
        .where(_is_among_ids(as_array=as_array))
        .order_by(jobs.c.id)
    ).cte("wanted")
    return (
        update(jobs)
        .where(jobs.c.id == wanted.c.id, wanted.c.is_free)
        .values(
            status=JobStatus.RUNNING.value,
            attempts=jobs.c.attempts + case((is_ours, 0), else_=1),
            lease_id=bindparam("lease"),
            lease_until=bindparam("until"),
            started_at=func.coalesce(jobs.c.started_at, bindparam("now")),
        )
        .returning(
            jobs.c.id,
            jobs.c.kind,
            jobs.c.payload,
            jobs.c.payload_version,
            jobs.c.attempts,
            jobs.c.created_at,
            func.coalesce(jobs.c.tries_since, jobs.c.created_at, type_=UtcDateTime).label("tries_since"),
            jobs.c.correlation_id,
            jobs.c.trace_parent,
        )
    )


def _succeed(*, as_array: bool) -> Executable:
    pair = tuple_(jobs.c.id, jobs.c.lease_id)
    if as_array:
        given = (
            func.unnest(bindparam("ids", type_=ARRAY(Uuid)), bindparam("leases", type_=ARRAY(Uuid)))
            .table_valued("id", "lease_id")
            .render_derived()
        )
        is_held: ColumnElement[bool] = pair.in_(select(given.c.id, given.c.lease_id))
    else:
        is_held = pair.in_(bindparam("held", expanding=True))
    return (
        update(jobs)
        .where(_is_among_ids(as_array=as_array), is_held)
        .values(
            status=JobStatus.SUCCEEDED.value,
            progress=1.0,
            error=None,
            finished_at=bindparam("now"),
            lease_id=None,
            lease_until=None,
        )
        .returning(jobs.c.id)
    )


def _statements(*, as_arrays: bool) -> HotStatements:
    return HotStatements(
        look=_look(),
        dispatch=_dispatch(as_array=as_arrays),
        dispatched=_dispatched(as_array=as_arrays),
        claim=_claim(as_array=as_arrays),
        succeed=_succeed(as_array=as_arrays),
        as_arrays=as_arrays,
    )


_POSTGRESQL, _SQLITE = _statements(as_arrays=True), _statements(as_arrays=False)


def statements_for(database: Database) -> HotStatements:
    return _SQLITE if database.is_sqlite else _POSTGRESQL
