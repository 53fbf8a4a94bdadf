"""A month and numbers, over real persistence."""

from datetime import date, timedelta

import pytest

from application.bookings.show_booking_statistics import ShowBookingStatistics
from application.bookings.show_calendar import CalendarMonth, MonthNotUsable, ShowCalendar
from domain.bookings.booking_life import ActorRole, BookingStatus
from domain.caregivers.services import Service
from domain.shared.errors import InvalidInput
from infrastructure.persistence.bookings.sql_booking_queries import SqlBookingQueries
from tests.support.booking_world import BookingWorld
from tests.support.builders import CAREGIVER, NOW, OWNER, STRANGER, local, unverified

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def month(world: BookingWorld, text: str = "2026-11", *, role: ActorRole | None = None) -> CalendarMonth:
    return await ShowCalendar(queries=SqlBookingQueries(world.database)).execute(viewer=OWNER, role=role, month=text)


def busy(shown: CalendarMonth) -> dict[int, int]:
    """Day of the month → animals."""
    return {day.date.day: day.animals for day in shown.days if day.bookings}


async def test_a_month_has_every_day_and_a_booking_is_on_each_day_it_touches(world: BookingWorld) -> None:
    start = local("2026-11-28 18:00") - NOW
    await world.requested(starts_in=start, length=local("2026-12-02 00:00") - local("2026-11-28 18:00"), pets=2)
    november, december = await month(world), await month(world, "2026-12")
    assert [day.date for day in november.days] == [date(2026, 11, 1) + at * DAY for at in range(30)]
    assert busy(november) == {28: 2, 29: 2, 30: 2}
    # It ends at midnight, and is not there on the 2nd.
    assert busy(december) == {1: 2}
    (entry,) = november.days[27].bookings
    assert (entry.role, entry.display_name, entry.animals) == (ActorRole.OWNER, "Caregiver P.", 2)


@pytest.mark.parametrize(
    ("starts", "ends", "days"),
    [
        ("2027-03-27 23:30", "2027-03-28 00:30", {27: 1, 28: 1}),
        ("2027-03-28 00:00", "2027-03-29 00:00", {28: 1}),
        ("2027-03-31 23:00", "2027-04-01 01:00", {31: 1}),
        ("2027-02-28 23:00", "2027-03-01 01:00", {1: 1}),
    ],
)
async def test_days_begin_at_local_midnight_also_when_clocks_change(
    world: BookingWorld, starts: str, ends: str, days: dict[int, int]
) -> None:
    await world.requested(starts_in=local(starts) - NOW, length=local(ends) - local(starts))
    assert busy(await month(world, "2027-03")) == days


async def test_the_calendar_is_of_one_role_or_of_both(world: BookingWorld) -> None:
    await world.requested()
    assert busy(await month(world, role=ActorRole.CAREGIVER)) == {}
    calendar = ShowCalendar(queries=SqlBookingQueries(world.database))
    shown = await calendar.execute(viewer=CAREGIVER, role=None, month="2026-11")
    (entry,) = [entry for day in shown.days for entry in day.bookings]
    assert (entry.role, entry.display_name) == (ActorRole.CAREGIVER, "Owner P.")


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-00", "1999-01", "2200-12", "9999-12", "2026-11-01", "x"])
async def test_what_is_no_month_of_our_time_is_refused(world: BookingWorld, text: str) -> None:
    with pytest.raises(MonthNotUsable) as refused:
        await month(world, text)
    assert refused.value.field == "month"


async def test_both_sides_are_counted_apart(world: BookingWorld) -> None:
    statistics = ShowBookingStatistics(queries=SqlBookingQueries(world.database), clock=world.clock)
    await world.requested()
    accepted = await world.accepted(starts_in=9 * DAY)
    _, provider_payment_id = await world.paying(accepted)
    await world.payments.pay(provider_payment_id)
    await world.start_payment.execute(actor=OWNER, booking_id=accepted)

    owners = await statistics.execute(viewer=OWNER)
    assert owners.as_caregiver is None
    assert (owners.as_owner.total, owners.as_owner.upcoming, owners.as_owner.caregivers) == (2, 2, 1)
    assert owners.as_owner.by_status == dict.fromkeys(BookingStatus, 0) | {
        BookingStatus.PENDING: 1,
        BookingStatus.PAID: 1,
    }
    assert owners.as_owner.by_service == {Service.DOG_WALKING: 2}
    assert (owners.as_owner.paid.amount_cents, owners.as_owner.spent.amount_cents) == (2000, 2000)

    caregivers = await statistics.execute(
        viewer=CAREGIVER, starts_from=NOW + 8 * DAY, starts_before=NOW + 9 * DAY + HOUR
    )
    assert caregivers.as_caregiver is not None
    assert (caregivers.as_caregiver.total, caregivers.as_caregiver.owners) == (1, 1)
    assert caregivers.as_owner.total == 0

    nobody = await statistics.execute(viewer=unverified(STRANGER))
    assert (nobody.as_owner.total, nobody.as_owner.spent.amount_cents) == (0, 0)
    with pytest.raises(InvalidInput) as refused:
        await statistics.execute(viewer=OWNER, starts_from=NOW.replace(tzinfo=None))
    assert refused.value.field == "from"
