"""The caller's bookings by month and in numbers."""

from datetime import datetime
from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from application.bookings.show_booking_statistics import OwnBookingStatistics
from application.bookings.show_calendar import CalendarMonth
from application.use_cases import UseCases
from domain.bookings.booking_life import ActorRole
from domain.shared.actor import Actor
from interfaces.http.openapi import BEARER, problems_of

Month = Annotated[str, QueryParameter(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])(?!\n)$", description="Such as 2026-12")]
Role = Annotated[ActorRole | None, QueryParameter(description="owner or caregiver; both when absent")]
From = Annotated[datetime | None, QueryParameter(name="from", description="Starting at this instant or later")]
To = Annotated[datetime | None, QueryParameter(name="to", description="Starting before this instant")]


class BookingOverviewController(Controller):
    path = "/api/bookings"
    tags = ("Bookings",)
    security = BEARER

    @get("/calendar", summary="A month of the caller's bookings, day by day", responses=problems_of(401))
    async def calendar(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], month: Month, role: Role = None
    ) -> CalendarMonth:
        return await use_cases.show_calendar.execute(viewer=actor, role=role, month=month)

    @get("/statistics", summary="The caller's bookings in numbers", responses=problems_of(401))
    async def statistics(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        starts_from: From = None,
        starts_before: To = None,
    ) -> OwnBookingStatistics:
        return await use_cases.show_booking_statistics.execute(
            viewer=actor, starts_from=starts_from, starts_before=starts_before
        )
