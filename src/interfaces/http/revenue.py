"""How the business is doing, and how it would."""

from datetime import datetime
from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Meta, Struct

from application.payments.show_statistics import Statistics
from application.ports.views import MoneyView
from application.use_cases import UseCases
from domain.payments.revenue import RevenueProjection, project_revenue
from domain.shared.actor import Actor
from domain.shared.money import Money
from interfaces.http.authentication import admin_only
from interfaces.http.openapi import BEARER, problems_of

From = Annotated[datetime | None, QueryParameter(name="from", description="The beginning; thirty days before the end")]
To = Annotated[datetime | None, QueryParameter(name="to", description="The end; now")]


# Together so that every amount is exact in JSON, whose numbers are doubles for many.
BookingsPerDay = Annotated[int, QueryParameter(name="bookingsPerDay", ge=0, le=1_000_000, description="On average")]
AverageCents = Annotated[int, QueryParameter(name="averageCents", ge=0, le=10_000_000, description="Of a booking")]
CostsCents = Annotated[int, QueryParameter(name="costsCents", ge=0, le=10**12, description="Of all the days together")]
Days = Annotated[int, QueryParameter(ge=1, le=366, description="How many days are looked at")]


class ProjectionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`net` is commission less costs; `roi_percent` is null when there are no costs."""

    gmv: MoneyView
    commission: MoneyView
    costs: MoneyView
    net: MoneyView
    roi_percent: Annotated[int, Meta(examples=[73670])] | None

    @classmethod
    def of(cls, projection: RevenueProjection) -> "ProjectionView":
        return cls(
            gmv=MoneyView.of(projection.gmv),
            commission=MoneyView.of(projection.commission),
            costs=MoneyView.of(projection.costs),
            net=MoneyView.of(projection.net),
            roi_percent=projection.roi_percent,
        )


class RevenueController(Controller):
    path = "/api/admin"
    tags = ("Operations",)
    security = BEARER
    guards = [admin_only]  # noqa: RUF012 - Litestar's way to declare it

    @get("/statistics", summary="Money, bookings and users of a period", responses=problems_of(401, 403))
    async def statistics(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], start: From = None, end: To = None
    ) -> Statistics:
        return await use_cases.show_statistics.execute(admin=actor, starts=start, ends=end)

    @get("/revenue-projection", summary="What would be earned", responses=problems_of(401, 403))
    async def projection(
        self, bookings_per_day: BookingsPerDay, average_cents: AverageCents, costs_cents: CostsCents, days: Days
    ) -> ProjectionView:
        return ProjectionView.of(
            project_revenue(
                bookings_per_day=bookings_per_day, average=Money(average_cents), costs=Money(costs_cents), days=days
            )
        )
