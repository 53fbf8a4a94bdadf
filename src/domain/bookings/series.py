"""Bookings made together by a rule of recurrence."""

from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.availability.availability import CaregiverNotAvailable
from domain.bookings.booking_refusals import SlotTaken
from domain.bookings.free_periods import CaregiverCalendar, Occupancy
from domain.bookings.pricing import Price, discounted, price_quote
from domain.bookings.promotion import Promotion, PromotionUses
from domain.bookings.request_rules import BeyondHorizon, check_request
from domain.caregivers.caregiver_profile import CaregiverProfile
from domain.caregivers.services import Service
from domain.pets.pet import Pet
from domain.shared.actor import Actor
from domain.shared.errors import Conflict, DomainError, InvalidInput, NotFound
from domain.shared.period import Period

MAX_DATES = 52


class Recurrence(StrEnum):
    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"
    MONTHLY = "monthly"


class SeriesTooLong(InvalidInput):
    title = f"A series has at most {MAX_DATES} dates"


class SeriesEndsTooEarly(InvalidInput):
    title = "A series ends on the date of its first booking or later"


class NoDateFree(Conflict):
    title = "None of the dates can be booked"


class SeriesNotFound(NotFound):
    title = "There is no such series"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDate:
    """One date of a series at its price, and why it cannot be booked: None when it can."""

    period: Period
    price: Price
    refusal: DomainError | None


def recurring(first: Period, recurrence: Recurrence, *, until: date, time_zone: str) -> list[Period]:
    """`first` and its repetitions that begin on the local date `until` or before, at the same wall-clock hours.

    A month without that day is left out (as in RFC 5545, 3.3.10). An hour that the clocks skip is moved on by what they
    skip; of one that comes twice the first is meant.
    """
    start = first.local_start(time_zone)
    if until < start.date():
        raise SeriesEndsTooEarly(field="until")
    zone = ZoneInfo(time_zone)
    nights = timedelta(days=first.midnights(time_zone))
    periods: list[Period] = []
    for day in _days(start.date(), recurrence, until):
        if len(periods) == MAX_DATES:
            raise SeriesTooLong(field="until")
        begins = datetime.combine(day, start.time().replace(fold=0), tzinfo=zone)
        ends = datetime.combine(day + nights, first.local_end(time_zone).time().replace(fold=0), tzinfo=zone)
        # Clocks that change in between may leave nothing of a short visit.
        is_left = ends.timestamp() > begins.timestamp()
        periods.append(Period(begins, ends) if is_left else Period(begins, _later(begins, first.duration)))
    return [first, *periods[1:]]


def plan_series(
    periods: Sequence[Period],
    *,
    owner: Actor,
    caregiver: CaregiverProfile,
    calendar: CaregiverCalendar,
    service: Service,
    pets: Sequence[Pet],
    now: datetime,
    is_holiday: Callable[[date], bool],
) -> list[SeriesDate]:
    """Each date with its price, and whether it can be booked when those before it are. Raises what holds for all."""
    planned: list[SeriesDate] = []
    for period in periods:
        refusal: DomainError | None = None
        try:
            check_request(
                owner=owner,
                caregiver=caregiver,
                availability=calendar.availability,
                service=service,
                period=period,
                pets=pets,
                now=now,
            )
        except (CaregiverNotAvailable, BeyondHorizon) as error:
            refusal = error
        else:
            refusal = None if calendar.has_room(period, pets=len(pets)) else SlotTaken()
        price = price_quote(
            offer=caregiver.offer_for(service),
            period=period,
            time_zone=caregiver.time_zone,
            pet_count=len(pets),
            is_holiday=is_holiday,
        )
        planned.append(SeriesDate(period=period, price=price, refusal=refusal))
        if refusal is None:
            calendar = replace(calendar, taken=[*calendar.taken, Occupancy(period, len(pets))])
    return planned


def with_promotion(dates: Sequence[SeriesDate], promotion: Promotion, uses: PromotionUses) -> list[SeriesDate]:
    """The same dates; of the free ones the earliest are cheaper, as many as uses are left for the owner."""
    cheaper: list[SeriesDate] = []
    for each in dates:
        price = each.price
        if each.refusal is None and promotion.refusal(uses) is None:
            price = discounted(price, promotion)
            if price.promotion_id is not None:
                uses = uses.one_more()
        cheaper.append(replace(each, price=price))
    return cheaper


def _days(first: date, recurrence: Recurrence, until: date) -> Iterator[date]:
    if recurrence is Recurrence.MONTHLY:
        yield from _same_day_of_months(first, until)
        return
    step = timedelta(weeks=1 if recurrence is Recurrence.WEEKLY else 2)
    day = first
    while day <= until:
        yield day
        day += step


def _same_day_of_months(first: date, until: date) -> Iterator[date]:
    year, month = first.year, first.month
    while (year, month) <= (until.year, until.month):
        if first.day <= monthrange(year, month)[1] and (day := date(year, month, first.day)) <= until:
            yield day
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _later(instant: datetime, duration: timedelta) -> datetime:
    """So much later as time passes, whatever the clocks do."""
    return datetime.fromtimestamp(instant.timestamp() + duration.total_seconds(), tz=instant.tzinfo)
