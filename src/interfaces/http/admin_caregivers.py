"""Admins decide who appears."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta, Struct

from application.cursors import decode_cursor, encode_cursor
from application.ports.caregiver_queries import CaregiverSubmission
from application.ports.views import Page
from application.use_cases import UseCases
from domain.caregivers.caregiver_profile import CaregiverStatus
from domain.shared.actor import Actor, CaregiverId
from domain.shared.texts import paragraphs
from interfaces.http.authentication import admin_only
from interfaces.http.json_body import NoInput
from interfaces.http.openapi import BEARER, problems_of
from interfaces.http.pagination import DEFAULT_LIMIT, Cursor, Limit


class RejectionBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=1000, examples=["The photo shows no face."])]


class CaregiverDecisionView(Struct, frozen=True, kw_only=True):
    id: UUID
    status: CaregiverStatus


class AdminCaregiverController(Controller):
    path = "/api/admin/caregivers"
    tags = ("Admin",)
    security = BEARER
    guards = [admin_only]  # noqa: RUF012 - Litestar's way to declare it

    @get(summary="Caregiver profiles by status, oldest first", responses=problems_of(401, 403))
    async def list_submissions(
        self,
        use_cases: NamedDependency[UseCases],
        status: FromQuery[CaregiverStatus | None] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[CaregiverSubmission]:
        after = None if cursor is None else decode_cursor(cursor, UUID)
        items, last = await use_cases.caregiver_queries.submissions(status, limit=limit, after=after)
        return Page(items=items, next_cursor=None if last is None else encode_cursor(last))

    @post(
        "/{caregiver_id:uuid}/approve",
        status_code=200,
        summary="Let a caregiver appear",
        responses=problems_of(401, 403, 404, 409),
    )
    async def approve(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        caregiver_id: FromPath[UUID],
        data: JSONBody[NoInput | None] = None,  # noqa: ARG002 - refuses any other body
    ) -> CaregiverDecisionView:
        await use_cases.approve_caregiver.execute(admin=actor, caregiver_id=CaregiverId(caregiver_id))
        return CaregiverDecisionView(id=caregiver_id, status=CaregiverStatus.APPROVED)

    @post(
        "/{caregiver_id:uuid}/reject",
        status_code=200,
        summary="Turn a submission down",
        responses=problems_of(401, 403, 404, 409),
    )
    async def reject(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        caregiver_id: FromPath[UUID],
        data: JSONBody[RejectionBody],
    ) -> CaregiverDecisionView:
        reason = paragraphs(data.reason, field="reason")
        await use_cases.reject_caregiver.execute(admin=actor, caregiver_id=CaregiverId(caregiver_id), reason=reason)
        return CaregiverDecisionView(id=caregiver_id, status=CaregiverStatus.REJECTED)
