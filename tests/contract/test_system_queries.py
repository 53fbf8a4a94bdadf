"""What the database tells of how the system is doing."""

from datetime import timedelta

from sqlalchemy import update

from domain.shared.period import Period
from infrastructure.persistence.bookings.booking_tables import occupancies
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from infrastructure.persistence.operations.sql_system_queries import SqlSystemQueries
from infrastructure.persistence.outbox import outbox_events
from tests.support.builders import NOW
from tests.support.stores import Store

DAY = timedelta(days=1)


async def test_the_outbox_is_as_old_as_its_oldest_event_that_waits(peopled: Store) -> None:
    queries = SqlSystemQueries(peopled.database, peopled.clock)
    async with peopled.database.begin() as connection:
        await connection.execute(update(outbox_events).values(routed_at=NOW))
    assert await queries.outbox_age_seconds() == 0
    await peopled.book()
    peopled.clock.advance(timedelta(seconds=70))
    await peopled.book()
    assert await queries.outbox_age_seconds() == 70


async def test_whoever_lowered_his_maximum_is_not_over_capacity(peopled: Store) -> None:
    queries = SqlSystemQueries(peopled.database, peopled.clock)
    await peopled.book(pets=3)
    async with peopled.database.begin() as connection:
        await connection.execute(update(caregivers).values(max_animals_at_once=1))
    assert await queries.over_capacity() == 0


async def test_more_animals_than_were_taken_are_found_until_the_booking_is_over(peopled: Store) -> None:
    queries = SqlSystemQueries(peopled.database, peopled.clock)
    booking_id = await peopled.book(pets=3)
    # Past the trigger, which lets nothing like it through.
    async with peopled.database.begin() as connection:
        await connection.execute(update(occupancies).values(capacity=2))
    assert await queries.over_capacity() == 1
    booking = await peopled.booking(booking_id)
    peopled.clock.advance(booking.period.end - NOW)
    assert await queries.over_capacity() == 0


async def test_a_stay_that_began_long_ago_counts_with_one_that_begins_while_it_lasts(peopled: Store) -> None:
    queries = SqlSystemQueries(peopled.database, peopled.clock)
    await peopled.book(Period(NOW + DAY, NOW + 40 * DAY), pets=2)
    await peopled.book(Period(NOW + 30 * DAY, NOW + 31 * DAY))
    # Past the trigger, which lets nothing like it through.
    async with peopled.database.begin() as connection:
        await connection.execute(update(occupancies).values(capacity=2))
    assert await queries.over_capacity() == 1
    peopled.clock.advance(30.5 * DAY)
    assert await queries.over_capacity() == 1
    peopled.clock.advance(DAY)
    assert await queries.over_capacity() == 0
