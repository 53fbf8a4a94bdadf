"""Cancelling and expiring over real persistence."""

from datetime import timedelta

import pytest

from application.bookings.accept_booking import AcceptBooking
from application.bookings.cancel_booking import CancelBooking
from application.bookings.decline_booking import DeclineBooking
from application.bookings.expire_bookings import ExpireBookings
from application.bookings.preview_cancellation import PreviewCancellation
from domain.bookings.booking_life import BookingId, BookingStatus
from domain.bookings.booking_refusals import BookingNotFound, BookingNotPending
from domain.payments.payment import PaymentId
from domain.shared.money import Money
from infrastructure.persistence.audit.audit_tables import audit_log
from infrastructure.persistence.payments.payment_tables import refunds
from tests.support.booking_world import BookingWorld
from tests.support.builders import ADMIN, CAREGIVER, OWNER, STRANGER, euros

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def cancel(world: BookingWorld) -> CancelBooking:
    return CancelBooking(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)


@pytest.fixture
def expire(world: BookingWorld) -> ExpireBookings:
    return ExpireBookings(unit_of_work=world.unit_of_work, clock=world.clock)


async def paid(world: BookingWorld, starts_in: timedelta) -> tuple[BookingId, PaymentId]:
    booking_id = await world.accepted(starts_in=starts_in)
    started, provider_payment_id = await world.paying(booking_id)
    await world.payments.pay(provider_payment_id)
    await world.start_payment.execute(actor=OWNER, booking_id=booking_id)
    return booking_id, started.payment_id


async def test_the_caregiver_accepts_or_declines(world: BookingWorld) -> None:
    first, second = await world.requested(), await world.requested()
    await AcceptBooking(unit_of_work=world.unit_of_work, clock=world.clock).execute(actor=CAREGIVER, booking_id=first)
    decline = DeclineBooking(unit_of_work=world.unit_of_work, clock=world.clock)
    await decline.execute(actor=CAREGIVER, booking_id=second, reason="away")
    assert (await world.booking(first)).status is BookingStatus.ACCEPTED
    assert (await world.booking(second)).status is BookingStatus.DECLINED
    with pytest.raises(BookingNotPending):
        await decline.execute(actor=CAREGIVER, booking_id=first)


async def test_cancelling_a_paid_booking_refunds_by_policy_once(world: BookingWorld, cancel: CancelBooking) -> None:
    booking_id, payment_id = await paid(world, starts_in=5 * HOUR)
    preview = await PreviewCancellation(unit_of_work=world.unit_of_work, clock=world.clock).execute(
        actor=OWNER, booking_id=booking_id
    )
    for _ in range(2):
        await cancel.execute(actor=OWNER, booking_id=booking_id, reason="ill")
    (refund,) = await world.rows(refunds)
    assert (refund["amount_cents"], refund["status"], refund["number"]) == (1000, "pending", 1)
    assert preview.refund == euros("10.00")
    assert await world.jobs("payments.refund") == [{"refund_id": str(refund["id"])}]
    async with world.unit_of_work() as uow:
        payment = await uow.payments.get(payment_id)
    assert payment.refunded == euros("10.00")
    assert (await world.booking(booking_id)).refunded == euros("10.00")


async def test_cancelling_before_payment_stops_the_open_payment_and_refunds_nothing(
    world: BookingWorld, cancel: CancelBooking
) -> None:
    booking_id = await world.accepted()
    started, _ = await world.paying(booking_id)
    await cancel.execute(actor=OWNER, booking_id=booking_id)
    assert await world.jobs("payments.cancel") == [{"payment_id": str(started.payment_id)}]
    assert await world.rows(refunds) == []


async def test_an_admins_cancellation_is_audited_and_gives_everything_back(
    world: BookingWorld, cancel: CancelBooking
) -> None:
    booking_id, _ = await paid(world, starts_in=5 * HOUR)
    world.clock.advance(6 * HOUR)
    await cancel.execute(actor=ADMIN, booking_id=booking_id, reason="the caregiver did not come")
    (entry,) = await world.rows(audit_log)
    assert (entry["action"], entry["subject_id"]) == ("bookings.cancel", booking_id)
    assert (await world.booking(booking_id)).refunded == euros("20.00")


async def test_a_stranger_cancels_nothing(world: BookingWorld, cancel: CancelBooking) -> None:
    booking_id = await world.requested()
    with pytest.raises(BookingNotFound):
        await cancel.execute(actor=STRANGER, booking_id=booking_id)


async def test_what_is_due_expires_in_batches_and_frees_its_place(world: BookingWorld, expire: ExpireBookings) -> None:
    booking_ids = [await world.requested() for _ in range(3)]
    assert (await expire.execute()).done == 0
    world.clock.advance(DAY)
    assert [(await expire.execute(limit=2)).done for _ in range(3)] == [2, 1, 0]
    assert {(await world.booking(booking_id)).status for booking_id in booking_ids} == {BookingStatus.EXPIRED}
    await world.requested(starts_in=6 * DAY, pets=3)


async def test_an_unpaid_booking_expires_and_its_payment_is_stopped(
    world: BookingWorld, expire: ExpireBookings
) -> None:
    booking_id = await world.accepted()
    started, _ = await world.paying(booking_id)
    world.clock.advance(DAY)
    assert (await expire.execute()).done == 1
    assert await world.jobs("payments.cancel") == [{"payment_id": str(started.payment_id)}]
    assert (await world.booking(booking_id)).captured == Money(0)
