"""Admins look after jobs and queues."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Struct

from application.cursors import decode_cursor, encode_cursor
from application.operations.show_queues import QueueView
from application.ports.job_queries import AdminJobView, JobFilter
from application.ports.views import Page
from application.use_cases import UseCases
from domain.operations.job import JobId, JobStatus, QueueName, QueueNotFound
from domain.shared.actor import Actor
from domain.shared.texts import line
from interfaces.http.authentication import admin_only
from interfaces.http.json_body import NoInput
from interfaces.http.openapi import BEARER, problems_of
from interfaces.http.pagination import DEFAULT_LIMIT, Cursor, Limit

Kind = Annotated[str | None, QueryParameter(min_length=1, max_length=80, description="As in `mail.send`")]


class DropBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["The address does not exist."])] | None = None


class QueueList(Struct, frozen=True, kw_only=True, rename="camel"):
    items: list[QueueView]
    next_cursor: None = None


class AdminJobController(Controller):
    path = "/api/admin/jobs"
    tags = ("Admin",)
    security = BEARER
    guards = [admin_only]  # noqa: RUF012 - Litestar's way to declare it

    @get(summary="Every job, newest first", responses=problems_of(401, 403))
    async def list_jobs(
        self,
        use_cases: NamedDependency[UseCases],
        status: FromQuery[JobStatus | None] = None,
        kind: Kind = None,
        queue: FromQuery[QueueName | None] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[AdminJobView]:
        after = None if cursor is None else decode_cursor(cursor, UUID)
        wanted = JobFilter(status=status, kind=kind, queue=queue)
        items, last = await use_cases.job_queries.jobs(wanted, limit=limit, after=after)
        return Page(items=items, next_cursor=None if last is None else encode_cursor(last))

    @post(
        "/{job_id:uuid}/retry",
        status_code=200,
        summary="Have a dead or cancelled job tried again, with all its tries and time",
        responses=problems_of(401, 403, 404, 409),
    )
    async def retry(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        job_id: FromPath[UUID],
        data: JSONBody[NoInput | None] = None,  # noqa: ARG002 - refuses any other body
    ) -> AdminJobView:
        await use_cases.retry_job.execute(admin=actor, job_id=JobId(job_id))
        return await use_cases.job_queries.job(job_id)

    @post(
        "/{job_id:uuid}/drop",
        status_code=200,
        summary="Give a dead job up for good; it is kept as cancelled, with the reason",
        responses=problems_of(401, 403, 404, 409),
    )
    async def drop(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        job_id: FromPath[UUID],
        data: JSONBody[DropBody | None] = None,
    ) -> AdminJobView:
        reason = line(data.reason, field="reason") if data is not None and data.reason is not None else None
        await use_cases.drop_job.execute(admin=actor, job_id=JobId(job_id), reason=reason)
        return await use_cases.job_queries.job(job_id)


class QueueController(Controller):
    path = "/api/admin/queues"
    tags = ("Admin",)
    security = BEARER
    guards = [admin_only]  # noqa: RUF012 - Litestar's way to declare it

    @get(summary="Every queue, the most important first", responses=problems_of(401, 403))
    async def list_queues(self, use_cases: NamedDependency[UseCases]) -> QueueList:
        return await _queues(use_cases)

    @post(
        "/{queue:str}/pause",
        status_code=200,
        summary="Let the jobs of a queue wait until it is resumed",
        responses=problems_of(401, 403, 404),
    )
    async def pause(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        queue: FromPath[str],
        data: JSONBody[NoInput | None] = None,  # noqa: ARG002 - refuses any other body
    ) -> QueueList:
        await use_cases.pause_queue.execute(admin=actor, queue=_queue(queue))
        return await _queues(use_cases)

    @post(
        "/{queue:str}/resume",
        status_code=200,
        summary="Let a paused queue go on",
        responses=problems_of(401, 403, 404),
    )
    async def resume(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        queue: FromPath[str],
        data: JSONBody[NoInput | None] = None,  # noqa: ARG002 - refuses any other body
    ) -> QueueList:
        await use_cases.resume_queue.execute(admin=actor, queue=_queue(queue))
        return await _queues(use_cases)


async def _queues(use_cases: UseCases) -> QueueList:
    return QueueList(items=list(await use_cases.show_queues.execute()))


def _queue(name: str) -> QueueName:
    try:
        return QueueName(name)
    except ValueError:
        raise QueueNotFound from None
