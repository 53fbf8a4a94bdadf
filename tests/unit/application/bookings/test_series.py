"""Booking, previewing and ending a series."""

from datetime import date, timedelta

import pytest

from application.bookings.book_series import BookSeries
from application.bookings.cancel_series import CancelSeries
from application.bookings.preview_series import PreviewSeries
from application.bookings.series_plan import SeriesWish
from domain.availability.availability import Availability
from domain.bookings.booking_life import BookingId, BookingStatus
from domain.bookings.series import NoDateFree, Recurrence, SeriesDate, SeriesNotFound
from domain.caregivers.services import Service
from domain.shared.period import Period
from infrastructure.persistence.bookings.booking_tables import bookings, quotes
from infrastructure.public_holidays.holidays_calendar import HolidaysCalendar
from tests.support.booking_world import PETS, BookingWorld
from tests.support.builders import CAREGIVER, OWNER, STRANGER, care_details

WEEKS = 4


def wish(world: BookingWorld, *, weeks: int = WEEKS - 1, pets: int = 1, length: timedelta | None = None) -> SeriesWish:
    assert CAREGIVER.caregiver_id is not None
    start = world.clock.now() + timedelta(days=7)
    return SeriesWish(
        caregiver_id=CAREGIVER.caregiver_id,
        service=Service.DOG_WALKING,
        first=Period(start, start + (length or timedelta(hours=1))),
        pet_ids=tuple(pet.id for pet in PETS[:pets]),
        recurrence=Recurrence.WEEKLY,
        until=(start + timedelta(weeks=weeks)).date(),
    )


async def previewed(world: BookingWorld, asked: SeriesWish) -> list[SeriesDate]:
    preview = PreviewSeries(unit_of_work=world.unit_of_work, holidays=HolidaysCalendar(), clock=world.clock)
    return list(await preview.execute(owner=OWNER, wish=asked))


def booking_series(world: BookingWorld) -> BookSeries:
    return BookSeries(unit_of_work=world.unit_of_work, holidays=HolidaysCalendar(), clock=world.clock, ids=world.ids)


def cancelling(world: BookingWorld) -> CancelSeries:
    return CancelSeries(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)


async def close(world: BookingWorld, day: date) -> None:
    assert CAREGIVER.caregiver_id is not None
    async with world.unit_of_work() as uow:
        open_always = Availability.always_open("Europe/Brussels")
        closed = Availability(time_zone="Europe/Brussels", weekly=open_always.weekly, exceptions={day: ()})
        await uow.caregivers.save_availability(CAREGIVER.caregiver_id, closed)


async def test_a_dry_run_takes_nothing_and_tells_what_a_booking_does(world: BookingWorld) -> None:
    asked = wish(world)
    closed = (asked.first.start + timedelta(weeks=1)).date()
    await close(world, closed)
    shown = await previewed(world, asked)
    assert await world.rows(bookings) == await world.rows(quotes) == []
    assert [None if each.refusal is None else each.refusal.code() for each in shown] == [
        None,
        "outside-open-hours",
        None,
        None,
    ]
    series_id, booked = await booking_series(world).execute(owner=OWNER, wish=asked, care=care_details())
    assert [(each.period, each.price, type(each.refusal)) for each, _ in booked] == [
        (each.period, each.price, type(each.refusal)) for each in shown
    ]
    assert [booking_id is None for _, booking_id in booked] == [False, True, False, False]
    kept = await world.rows(bookings)
    assert {row["series_id"] for row in kept} == {series_id}
    assert [row["gross_cents"] for row in kept] == [
        each.price.gross.amount_cents for each in shown if each.refusal is None
    ]
    assert len({row["quote_id"] for row in kept}) == WEEKS - 1


async def test_the_caregiver_is_told_once_of_a_series(world: BookingWorld) -> None:
    await booking_series(world).execute(owner=OWNER, wish=wish(world), care=care_details())
    assert (await world.event_names()).count("BookingRequested") == 1


async def test_what_is_taken_is_not_free_and_everything_else_is_booked(world: BookingWorld) -> None:
    for _ in range(3):
        await world.requested(starts_in=timedelta(days=14))
    asked = wish(world)
    _, booked = await booking_series(world).execute(owner=OWNER, wish=asked, care=care_details())
    codes = [None if each.refusal is None else each.refusal.code() for each, _ in booked]
    assert codes == [None, "slot-taken", None, None]


async def test_dates_that_overlap_each_other_are_counted_together(world: BookingWorld) -> None:
    asked = wish(world, pets=2, length=timedelta(days=8))
    shown = await previewed(world, asked)
    assert [each.refusal is None for each in shown] == [True, False, True, False]


async def test_a_series_without_a_free_date_is_refused_and_leaves_nothing(world: BookingWorld) -> None:
    asked = wish(world, weeks=0)
    await close(world, asked.first.start.date())
    with pytest.raises(NoDateFree):
        await booking_series(world).execute(owner=OWNER, wish=asked, care=care_details())
    assert await world.rows(quotes) == []


async def test_the_rest_of_a_series_is_cancelled_and_what_came_before_stays(world: BookingWorld) -> None:
    asked = wish(world)
    series_id, booked = await booking_series(world).execute(owner=OWNER, wish=asked, care=care_details())
    ids = [booking_id for _, booking_id in booked if booking_id is not None]
    third = booked[2][0].period.start
    assert await cancelling(world).execute(actor=OWNER, series_id=series_id, starts_from=third) == 2
    assert await cancelling(world).execute(actor=OWNER, series_id=series_id, starts_from=third) == 0
    assert await statuses(world, ids) == [*[BookingStatus.PENDING] * 2, *[BookingStatus.CANCELLED] * 2]
    assert await cancelling(world).execute(actor=CAREGIVER, series_id=series_id) == 2
    assert await statuses(world, ids) == [BookingStatus.CANCELLED] * 4


async def test_one_booking_of_a_series_is_cancelled_by_itself(world: BookingWorld) -> None:
    _, booked = await booking_series(world).execute(owner=OWNER, wish=wish(world), care=care_details())
    ids = [booking_id for _, booking_id in booked if booking_id is not None]
    async with world.unit_of_work() as uow:
        second = await uow.bookings.get(ids[1], for_update=True)
        second.cancel(by=OWNER, at=world.clock.now())
        await uow.bookings.save(second)
    assert (await statuses(world, ids)).count(BookingStatus.CANCELLED) == 1


async def test_a_stranger_finds_no_series(world: BookingWorld) -> None:
    series_id, _ = await booking_series(world).execute(owner=OWNER, wish=wish(world), care=care_details())
    with pytest.raises(SeriesNotFound):
        await cancelling(world).execute(actor=STRANGER, series_id=series_id)


async def statuses(world: BookingWorld, ids: list[BookingId]) -> list[BookingStatus]:
    return [(await world.booking(booking_id)).status for booking_id in ids]
