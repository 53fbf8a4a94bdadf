"""Jobs, for who asked for them."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from application.ports.job_queries import JobView
from application.use_cases import UseCases
from domain.operations.job import JobId
from domain.shared.actor import Actor
from interfaces.http.json_body import NoInput
from interfaces.http.openapi import BEARER, problems_of


class JobController(Controller):
    path = "/api/jobs"
    tags = ("Jobs",)
    security = BEARER

    @get("/{job_id:uuid}", summary="How a job that one asked for is going", responses=problems_of(401, 404))
    async def show(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], job_id: FromPath[UUID]
    ) -> JobView:
        return await use_cases.job_queries.get(job_id, viewer=actor)

    @post(
        "/{job_id:uuid}/cancel",
        status_code=200,
        summary="Cancel a job: at once if it waits, within seconds if it runs",
        responses=problems_of(401, 404, 409),
    )
    async def cancel(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        job_id: FromPath[UUID],
        data: JSONBody[NoInput | None] = None,  # noqa: ARG002 - refuses any other body
    ) -> JobView:
        await use_cases.cancel_job.execute(actor=actor, job_id=JobId(job_id))
        return await use_cases.job_queries.get(job_id, viewer=actor)
