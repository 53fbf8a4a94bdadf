"""The dashboard's page of the business: what was earned, and what would be."""

from typing import Annotated

from litestar import Controller, Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from application.payments.show_statistics import first_instant
from application.use_cases import UseCases
from domain.payments.revenue import project_revenue
from domain.shared.actor import Actor
from domain.shared.languages import Language
from domain.shared.money import Money
from interfaces.http.revenue import BookingsPerDay, Days
from interfaces.web.admin_pages import HANDLERS, page
from interfaces.web.admin_visitors import provide_admin, provide_language

PERIODS = (7, 30, 90, 365)

Period = Annotated[int, QueryParameter(ge=1, le=365)]
Euros = Annotated[str, QueryParameter(pattern=r"^[0-9]{1,8}([.,][0-9]{1,2})?(?!\n)$")]


class AdminRevenueController(Controller):
    path = "/admin/revenue"
    include_in_schema = False
    exception_handlers = HANDLERS
    dependencies = {  # noqa: RUF012 - Litestar's way to declare it
        "admin": Provide(provide_admin),
        "language": Provide(provide_language, sync_to_thread=False),
    }

    @get()
    async def revenue(
        self,
        use_cases: NamedDependency[UseCases],
        admin: NamedDependency[Actor],
        language: NamedDependency[Language],
        period: Period = 30,
        bookings_per_day: BookingsPerDay = 500,
        average: Euros = "30.00",
        costs: Euros = "122.00",
        days: Days = 30,
    ) -> Response[bytes]:
        """The last so many days, today's part included."""
        starts = first_instant(use_cases.show_statistics.clock.now(), days=period)
        projection = project_revenue(
            bookings_per_day=bookings_per_day, average=_money(average), costs=_money(costs), days=days
        )
        return page(
            "revenue",
            language,
            here="revenue",
            periods=PERIODS,
            period=period,
            statistics=await use_cases.show_statistics.execute(admin=admin, starts=starts),
            wanted={"bookings_per_day": bookings_per_day, "average": average, "costs": costs, "days": days},
            projection=projection,
        )


def _money(euros: str) -> Money:
    whole, _, fraction = euros.replace(",", ".").partition(".")
    return Money(int(whole) * 100 + int(fraction.ljust(2, "0")))
