"""When a caregiver can still be booked, for everybody to see."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from application.bookings.show_free_periods import FreePeriodsView
from application.use_cases import UseCases
from domain.caregivers.caregiver_profile import MAX_ANIMALS_AT_ONCE
from domain.caregivers.services import Service
from domain.shared.actor import CaregiverId
from interfaces.http.asked_periods import required_period
from interfaces.http.authentication import IGNORE_TOKEN
from interfaces.http.json_body import HttpRequest
from interfaces.http.openapi import problems_of
from interfaces.http.public_reads import respond

From = Annotated[datetime, QueryParameter(name="from", description="Such as 2026-12-01T00:00:00Z; begun hours count")]
To = Annotated[datetime, QueryParameter(name="to", description="At most 62 days later")]
Pets = Annotated[int, QueryParameter(ge=1, le=MAX_ANIMALS_AT_ONCE, description="How many are to be cared for")]


class FreePeriodController(Controller):
    """The same for every caller, and therefore cached."""

    path = "/api/caregivers/{caregiver_id:uuid}/free-periods"
    tags = ("Search",)
    opt = {IGNORE_TOKEN: True}  # noqa: RUF012 - Litestar's way to declare it

    @get(summary="When a caregiver can still be booked", responses=problems_of(404))
    async def show(
        self,
        request: HttpRequest,
        use_cases: NamedDependency[UseCases],
        caregiver_id: FromPath[UUID],
        service: FromQuery[Service],
        begins: From,
        ends: To,
        pets: Pets = 1,
    ) -> Response[FreePeriodsView]:
        read = use_cases.show_free_periods.execute(
            caregiver_id=CaregiverId(caregiver_id), service=service, within=required_period(begins, ends), pets=pets
        )
        return await respond(request, read)
