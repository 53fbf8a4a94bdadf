"""Caregivers look at their money, and ask for statements of it."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from application.payments.show_earnings import Earnings
from application.ports.earnings_queries import OwnPayoutView
from application.ports.job_queries import JobView
from application.ports.report_store import ReportFormat
from application.ports.views import Page
from application.use_cases import UseCases
from domain.shared.actor import Actor
from interfaces.http.openapi import BEARER, problems_of
from interfaces.http.pagination import DEFAULT_LIMIT, Cursor, Limit


class StatementBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A month of Brussels and Amsterdam that has begun."""

    month: Annotated[str, Meta(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])(?!\n)$", examples=["2026-10"])]


class EarningsController(Controller):
    path = "/api/earnings"
    tags = ("Money",)
    security = BEARER

    @get(summary="What the caller has earned as a caregiver", responses=problems_of(401, 404))
    async def show(self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor]) -> Earnings:
        return await use_cases.show_earnings.execute(caregiver=actor)

    @get("/payouts", summary="The caller's payouts, the newest first", responses=problems_of(401, 404))
    async def payouts(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[OwnPayoutView]:
        return await use_cases.show_earnings.payouts(caregiver=actor, limit=limit, cursor=cursor)


class ReportController(Controller):
    path = "/api/reports"
    tags = ("Money",)
    security = BEARER

    @post(
        "/statements",
        status_code=202,
        summary="Have the statement of a month made; the job's `resultUrl` is where it is then",
        responses=problems_of(401, 404, 422),
    )
    async def statement(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], data: JSONBody[StatementBody]
    ) -> JobView:
        job_id = await use_cases.request_statement.execute(caregiver=actor, month=data.month)
        return await use_cases.job_queries.get(job_id, viewer=actor)

    @get(
        "/{report_id:uuid}/{report_format:str}",
        summary="A finished report: `statement.pdf` or `statement.csv`",
        responses=problems_of(401, 404),
        media_type="application/octet-stream",
    )
    async def download(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        report_id: FromPath[UUID],
        report_format: FromPath[str],
    ) -> Response[bytes]:
        report = await use_cases.show_report.execute(
            viewer=actor, report_id=report_id, report_format=ReportFormat.of_file(report_format)
        )
        return Response(
            report.content,
            media_type=report.format.media_type,
            headers={"Content-Disposition": f'attachment; filename="{report.file_name}"'},
        )
