"""Looking at the dates of a series before they are booked."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.bookings.series_plan import SeriesWish, plan
from application.ports.clock import Clock
from application.ports.public_holidays import PublicHolidays
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.series import SeriesDate
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewSeries:
    """Each date with its price, free or not and why; nothing is taken."""

    unit_of_work: UnitOfWorkFactory
    holidays: PublicHolidays
    clock: Clock

    async def execute(self, *, owner: Actor, wish: SeriesWish) -> Sequence[SeriesDate]:
        async with self.unit_of_work.reading() as uow:
            caregiver = await uow.caregivers.get(wish.caregiver_id)
            return await plan(uow, wish, owner=owner, caregiver=caregiver, holidays=self.holidays, now=self.clock.now())
