"""What the sums of money promise, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.bookings.booking_life import BookingStatus
from domain.payments.payment import PaymentId, PaymentStatus
from domain.payments.refund import Refund, RefundId, RefundStatus
from domain.shared.money import Money
from domain.shared.period import Period
from infrastructure.persistence.payments.payment_tables import payments
from infrastructure.persistence.payments.sql_revenue_queries import SqlRevenueQueries
from tests.support.builders import NOW, a_payment
from tests.support.stores import PETS, Store

DAY = timedelta(days=1)
LONG = Period(NOW - 10 * DAY, NOW + 10 * DAY)


def day(number: int) -> Period:
    return Period(NOW + number * DAY, NOW + (number + 1) * DAY)


async def earn(store: Store, cents: int) -> PaymentId:
    """A payment captured now, of a booking that was requested now."""
    hours = timedelta(hours=2 * len(await store.rows(payments)))
    start = NOW + 20 * DAY + hours
    booking = replace(store.a_booking(Period(start, start + timedelta(hours=1))), gross=Money(cents))
    booking = replace(booking, commission=booking.gross.share(2000, 10_000))
    await store.add(booking)
    payment = replace(
        a_payment(),
        id=PaymentId(store.ids.new()),
        booking_id=booking.id,
        amount=Money(cents),
        created_at=store.clock.now() - DAY,
        status=PaymentStatus.SUCCEEDED,
        charge_id="ch",
        captured=Money(cents),
    )
    await store.accept(booking.id)
    async with store.unit_of_work() as uow:
        await uow.payments.add(payment)
        paid = await uow.bookings.get(booking.id, for_update=True)
        paid.mark_paid(payment_id=payment.id, captured=Money(cents), at=store.clock.now())
        await uow.bookings.save(paid)
    return payment.id


async def give_back(store: Store, payment_id: PaymentId, cents: int, *, number: int = 1) -> Refund:
    async with store.unit_of_work() as uow:
        payment = await uow.payments.get(payment_id)
        refund = payment.give_back(
            Money(cents), id=RefundId(store.ids.new()), number=number, reason="cancelled", at=store.clock.now()
        )
        await uow.payments.save(payment)
        await uow.payments.add_refund(refund)
    return refund


async def sums(store: Store, period: Period) -> tuple[int, int]:
    revenue = await SqlRevenueQueries(store.database).revenue(period)
    return revenue.gmv.amount_cents, revenue.commission.amount_cents


async def test_nothing_earned_is_zero(peopled: Store) -> None:
    await peopled.book()
    assert await sums(peopled, LONG) == (0, 0)


async def test_each_booking_is_rounded_for_itself(peopled: Store) -> None:
    for cents in (3333, 3333, 3):
        await earn(peopled, cents)
    assert await sums(peopled, LONG) == (6669, 667 + 667 + 1)


async def test_money_counts_when_it_arrived_and_goes_when_it_was_given_back(peopled: Store) -> None:
    payment = await earn(peopled, 3333)
    peopled.clock.advance(DAY)
    await give_back(peopled, payment, 1667)
    assert await sums(peopled, day(-1)) == (0, 0)
    assert await sums(peopled, day(0)) == (3333, 667)
    # 1666 are kept, of which 333 are ours.
    assert await sums(peopled, day(1)) == (-1667, 333 - 667)
    assert await sums(peopled, LONG) == (1666, 333)


async def test_a_refund_that_failed_has_not_gone(peopled: Store) -> None:
    refund = await give_back(peopled, await earn(peopled, 2000), 2000)
    assert await sums(peopled, LONG) == (0, 0)
    async with peopled.unit_of_work() as uow:
        await uow.payments.save_refund(replace(refund, status=RefundStatus.FAILED, error="expired_card"))
    assert await sums(peopled, LONG) == (2000, 400)


async def test_money_for_a_booking_that_took_none_counts_and_goes_back(peopled: Store) -> None:
    payment = replace(
        a_payment(),
        booking_id=await peopled.book(),
        status=PaymentStatus.SUCCEEDED,
        charge_id="ch",
        captured=Money(2000),
    )
    async with peopled.unit_of_work() as uow:
        await uow.payments.add(payment)
    assert await sums(peopled, day(0)) == (2000, 400)
    await give_back(peopled, payment.id, 2000)
    assert await sums(peopled, day(0)) == (0, 0)


async def test_money_that_came_late_for_nothing_came_and_went_in_the_same_moment(peopled: Store) -> None:
    """However long ago the payment was begun."""
    payment = replace(
        a_payment(),
        booking_id=await peopled.book(),
        status=PaymentStatus.SUCCEEDED,
        charge_id="ch",
        captured=Money(2000),
        created_at=NOW - 3 * DAY,
    )
    async with peopled.unit_of_work() as uow:
        await uow.payments.add(payment)
    await give_back(peopled, payment.id, 2000)
    assert [await sums(peopled, day(number)) for number in (-3, -1, 0)] == [(0, 0)] * 3


async def test_bookings_are_counted_by_their_request(peopled: Store) -> None:
    queries = SqlRevenueQueries(peopled.database)
    peopled.clock.set(datetime(2026, 11, 2, 22, 59, 59, 999_999, tzinfo=UTC))
    await peopled.book()
    peopled.clock.set(datetime(2026, 11, 2, 23, 0, tzinfo=UTC))
    await peopled.accept(await peopled.book())
    period = Period(datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))
    assert await queries.bookings_by_status(period) == {BookingStatus.PENDING: 1, BookingStatus.ACCEPTED: 1}
    hours = {datetime(2026, 11, 2, hour, tzinfo=UTC): 1 for hour in (22, 23)}
    assert await queries.bookings_by_hour(period) == hours
    assert await queries.bookings_by_status(Period(period.end, period.end + DAY)) == {}


async def test_users_are_counted_by_what_they_have(peopled: Store) -> None:
    counts = await SqlRevenueQueries(peopled.database).users(day(0))
    assert (counts.total, counts.admins, counts.registered) == (4, 1, 4)
    assert (counts.caregivers, counts.approved_caregivers) == (2, 2)
    assert counts.owners == len({pet.owner_id for pet in PETS})
    assert (await SqlRevenueQueries(peopled.database).users(day(1))).registered == 0
