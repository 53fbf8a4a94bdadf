"""What the sums of money promise, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from application.payments.decided_refunds import send_back
from application.payments.provider_word import take_over
from application.ports.payments import ProviderPayment, ProviderPaymentStatus
from domain.bookings.booking_life import BookingId, BookingStatus
from domain.payments.payment import PaymentId
from domain.payments.refund import RefundId
from domain.shared.money import Money
from domain.shared.period import Period
from infrastructure.persistence.payments.payment_tables import payments
from infrastructure.persistence.payments.sql_revenue_queries import SqlRevenueQueries
from tests.support.builders import ADMIN, NOW, a_payment
from tests.support.stores import PETS, Store

DAY = timedelta(days=1)
LONG = Period(NOW - 10 * DAY, NOW + 10 * DAY)


def day(number: int) -> Period:
    return Period(NOW + number * DAY, NOW + (number + 1) * DAY)


async def earn(store: Store, cents: int) -> BookingId:
    """A booking that was requested, and paid, now."""
    hours = timedelta(hours=2 * len(await store.rows(payments)))
    start = NOW + 20 * DAY + hours
    booking = replace(store.a_booking(Period(start, start + timedelta(hours=1))), gross=Money(cents))
    booking = replace(booking, commission=booking.gross.share(2000, 10_000))
    await store.add(booking)
    await store.accept(booking.id)
    await arrive(store, booking.id, cents)
    return booking.id


async def arrive(store: Store, booking_id: BookingId, cents: int) -> None:
    """Money comes for the booking, whether or not it has a use for it."""
    payment = replace(
        a_payment(),
        id=PaymentId(store.ids.new()),
        booking_id=booking_id,
        amount=Money(cents),
        created_at=store.clock.now() - DAY,
        provider_payment_id=None,
    )
    seen = ProviderPayment(
        id=f"pi_{payment.id}",
        key=payment.key,
        status=ProviderPaymentStatus.SUCCEEDED,
        amount=Money(cents),
        client_secret="secret",
        charge_id=f"ch_{payment.id}",
    )
    async with store.unit_of_work() as uow:
        await uow.payments.add(payment)
        await take_over(
            uow, booking_id=booking_id, payment_id=payment.id, seen=seen, ids=store.ids, now=store.clock.now()
        )


async def give_back(store: Store, booking_id: BookingId, cents: int) -> RefundId:
    async with store.unit_of_work() as uow:
        booking = await uow.bookings.get(booking_id, for_update=True)
        refund = booking.give_back(Money(cents), by=ADMIN)
        await send_back(uow, booking, refund, reason="goodwill", ids=store.ids, now=store.clock.now())
        await uow.bookings.save(booking)
        return (await uow.payments.refunds_of_booking(booking_id))[-1].id


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
    booking_id = await earn(peopled, 3333)
    peopled.clock.advance(DAY)
    await give_back(peopled, booking_id, 1667)
    assert await sums(peopled, day(-1)) == (0, 0)
    assert await sums(peopled, day(0)) == (3333, 667)
    # 1666 are kept, of which 333 are ours.
    assert await sums(peopled, day(1)) == (-1667, 333 - 667)
    assert await sums(peopled, LONG) == (1666, 333)


async def test_a_refund_that_failed_is_still_owed(peopled: Store) -> None:
    refund_id = await give_back(peopled, await earn(peopled, 2000), 2000)
    async with peopled.unit_of_work() as uow:
        refund = await uow.payments.get_refund(refund_id)
        refund.fail("expired_card", at=peopled.clock.now())
        await uow.payments.save_refund(refund)
    assert await sums(peopled, LONG) == (0, 0)


async def test_money_for_a_booking_that_took_none_is_nobodys_revenue(peopled: Store) -> None:
    await arrive(peopled, await peopled.book(), 2000)
    assert await sums(peopled, LONG) == (0, 0)


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
