"""Asking a caregiver for all free dates of a series."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.bookings.pay_window import announce_pay_window
from application.bookings.series_plan import SeriesWish, plan
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.public_holidays import PublicHolidays
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId, SeriesId
from domain.bookings.care_details import CareDetails
from domain.bookings.quote import Quote, QuoteId
from domain.bookings.request_rules import require_verified_email
from domain.bookings.series import NoDateFree, SeriesDate
from domain.caregivers.caregiver_profile import CaregiverProfile
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSeries:
    """Books the free dates, all or none of them, each at a quote of its own that is used at once.

    The caregiver stays locked meanwhile, so that what was found free is. Raises NoDateFree when nothing can be booked.
    """

    unit_of_work: UnitOfWorkFactory
    holidays: PublicHolidays
    clock: Clock
    ids: Ids

    async def execute(
        self, *, owner: Actor, wish: SeriesWish, care: CareDetails
    ) -> tuple[SeriesId, Sequence[tuple[SeriesDate, BookingId | None]]]:
        """The series, and its dates with the bookings of those that were free."""
        require_verified_email(owner)
        series_id = SeriesId(self.ids.new())
        async with self.unit_of_work() as uow:
            caregiver = await uow.caregivers.get(wish.caregiver_id, for_update=True)
            now = self.clock.now()
            dates = await plan(uow, wish, owner=owner, caregiver=caregiver, holidays=self.holidays, now=now)
            free = [each for each in dates if each.refusal is None]
            if not free:
                raise NoDateFree
            booked: list[tuple[SeriesDate, BookingId | None]] = []
            for each in dates:
                if each.refusal is not None:
                    booked.append((each, None))
                    continue
                quote = self._quote(each, wish, owner=owner, caregiver=caregiver, now=now)
                booking = Booking.request(
                    id=BookingId(self.ids.new()),
                    quote=quote,
                    caregiver=caregiver,
                    care=care,
                    at=now,
                    series_id=series_id,
                    is_announced=each is free[0],
                )
                await uow.quotes.add(quote)
                await uow.bookings.add(booking)
                await announce_pay_window(uow, booking, now=now)
                booked.append((each, booking.id))
        return series_id, booked

    def _quote(
        self, each: SeriesDate, wish: SeriesWish, *, owner: Actor, caregiver: CaregiverProfile, now: datetime
    ) -> Quote:
        quote = Quote.offer(
            id=QuoteId(self.ids.new()),
            owner_id=owner.account_id,
            caregiver_id=caregiver.id,
            service=wish.service,
            period=each.period,
            time_zone=caregiver.time_zone,
            pet_ids=wish.pet_ids,
            price=each.price,
            at=now,
        )
        quote.use(by=owner, at=now)
        return quote
