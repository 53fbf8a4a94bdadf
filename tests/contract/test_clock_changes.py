"""What falls due on the days on which clocks change, as the databases see it: either side of midnight, the machine and
the database server in UTC and in Auckland."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId
from domain.bookings.quote import QuoteId
from domain.shared.period import Period
from tests.support.builders import CAREGIVER, a_booking
from tests.support.server_zone import server_zone
from tests.support.stores import Store

__all__ = ["server_zone"]

A_MOMENT, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
MOMENTS = [
    datetime.fromisoformat(moment).replace(tzinfo=UTC)
    for moment in (
        *("2027-03-27T22:59:59.999999", "2027-03-27T23:00", "2027-03-28T01:00", "2027-03-28T22:00"),
        *("2027-10-30T21:59:59.999999", "2027-10-30T22:00", "2027-10-31T01:00", "2027-10-31T23:00"),
    )
]


@asynccontextmanager
async def database_in(store: Store, zone: str) -> AsyncIterator[None]:
    """The sessions of the database begin in that zone; SQLite knows none."""
    if store.database.is_sqlite:
        yield
        return
    await _set_zone(store, f"SET timezone = '{zone}'")
    try:
        async with store.database.read() as connection:
            assert (await connection.execute(text("SHOW timezone"))).scalar_one() == zone
        yield
    finally:
        await _set_zone(store, "RESET timezone")


async def _set_zone(store: Store, how: str) -> None:
    async with store.database.begin() as connection:
        await connection.execute(text(f'ALTER DATABASE "{store.url.database}" {how}'))
    await store.database.dispose()


async def test_what_is_due_is_due_at_its_instant_and_not_before(peopled: Store, server_zone: str) -> None:
    async with database_in(peopled, server_zone):
        for moment in MOMENTS:
            unanswered, unfinished = (
                await asked_a_day_before(peopled, moment),
                await ended_a_day_before(peopled, moment),
            )
            async with peopled.unit_of_work.reading() as uow:
                assert await uow.bookings.due_for_expiry(moment - A_MOMENT, limit=9) == []
                assert await uow.bookings.due_for_expiry(moment, limit=9) == [unanswered]
                assert await uow.bookings.due_for_completion(moment - A_MOMENT, limit=9) == []
                assert await uow.bookings.due_for_completion(moment, limit=9) == [unfinished]
            for booking_id in (unanswered, unfinished):
                booking = await peopled.booking(booking_id)
                assert moment - DAY in (booking.requested_at, booking.period.end), "instants come back as they were"
                await ended(peopled, booking_id, moment)


async def asked_a_day_before(store: Store, moment: datetime) -> BookingId:
    booking = stored_like(store, a_booking(period=Period(moment + 2 * DAY, moment + 3 * DAY), at=moment - DAY))
    await store.add(booking)
    return booking.id


async def ended_a_day_before(store: Store, moment: datetime) -> BookingId:
    asked_at = moment - 3 * DAY
    booking = stored_like(store, a_booking(period=Period(moment - 25 * HOUR, moment - DAY), at=asked_at))
    booking.accept(by=CAREGIVER, at=asked_at)
    booking.mark_paid(payment_id=store.ids.new(), captured=booking.gross, at=asked_at)
    await store.add(booking)
    return booking.id


def stored_like(store: Store, booking: Booking) -> Booking:
    return replace(booking, id=BookingId(store.ids.new()), quote_id=QuoteId(store.ids.new()))


async def ended(store: Store, booking_id: BookingId, at: datetime) -> None:
    async with store.unit_of_work() as uow:
        booking = await uow.bookings.get(booking_id, for_update=True)
        assert booking.expire(at=at) or booking.complete(at=at)
        await uow.bookings.save(booking)
