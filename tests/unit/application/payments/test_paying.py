"""Paying, the provider's events, and refunds over real persistence and the sandbox."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from application.bookings.cancel_booking import CancelBooking
from application.bookings.expire_bookings import ExpireBookings
from application.payments.apply_payment_event import ApplyPaymentEvent
from application.payments.cancel_payment import CancelPayment
from application.payments.receive_payment_event import receive_payment_event
from application.payments.refund_payment import RefundPayment
from application.payments.start_payment import PaymentNotPossible
from application.ports.event_inbox import InboxEvent
from application.ports.payment_notices import NoticeSubject
from application.ports.payments import PaymentRefused, PaymentsUnavailable, ProviderPayment
from domain.bookings.booking_life import BookingId, BookingStatus
from domain.bookings.booking_refusals import BookingNotAccepted, OnlyTheOwner, PayWindowClosed, PayWindowNotOpen
from domain.payments.payment import PaymentId, PaymentStatus
from domain.payments.refund import RefundId
from domain.shared.money import Money
from infrastructure.payments.sandbox_payments import SandboxPayments
from infrastructure.persistence.payments.payment_tables import payments, refunds
from tests.support.booking_world import BookingWorld
from tests.support.builders import CAREGIVER, OWNER, euros

DAY = timedelta(days=1)


class UnsurePayments(SandboxPayments):
    """Does what it is asked, and times out before it can say so."""

    async def create(self, *, amount: Money, reference: str, idempotency_key: str) -> ProviderPayment:
        await super().create(amount=amount, reference=reference, idempotency_key=idempotency_key)
        raise PaymentsUnavailable


class RefusingPayments(SandboxPayments):
    async def create(self, *, amount: Money, reference: str, idempotency_key: str) -> ProviderPayment:
        raise PaymentRefused("amount_too_small")


def unsure(world: BookingWorld) -> UnsurePayments:
    return UnsurePayments(world.database, clock=world.clock, ids=world.ids)


async def tell(world: BookingWorld, object_id: str, event_id: str = "evt_1") -> bool:
    """The provider's event arrives and its job runs."""
    event = InboxEvent(
        id=world.ids.new(),
        provider="sandbox",
        event_id=event_id,
        kind="payment_intent.succeeded",
        subject=NoticeSubject.PAYMENT,
        object_id=object_id,
        received_at=world.clock.now(),
    )
    async with world.unit_of_work() as uow:
        is_new = await receive_payment_event(uow, event)
    for job in await world.jobs("payments.apply_event"):
        await apply(world).execute(inbox_id=UUID(job["inbox_id"]))
    return is_new


def apply(world: BookingWorld) -> ApplyPaymentEvent:
    return ApplyPaymentEvent(
        unit_of_work=world.unit_of_work,
        payments=world.payments,
        transfers=world.transfers,
        connected_accounts=world.connected_accounts,
        provider="sandbox",
        clock=world.clock,
        ids=world.ids,
    )


async def make_refunds(world: BookingWorld) -> None:
    use_case = RefundPayment(unit_of_work=world.unit_of_work, payments=world.payments, clock=world.clock, ids=world.ids)
    for job in await world.jobs("payments.refund"):
        await use_case.execute(refund_id=RefundId(UUID(job["refund_id"])))


async def status_of(world: BookingWorld, booking_id: BookingId) -> BookingStatus:
    return (await world.booking(booking_id)).status


async def test_the_providers_event_makes_the_booking_paid_once(world: BookingWorld) -> None:
    booking_id = await world.accepted()
    started, provider_payment_id = await world.paying(booking_id)
    assert started.status is PaymentStatus.AWAITING_PAYMENT
    await world.payments.pay(provider_payment_id)
    assert await status_of(world, booking_id) is BookingStatus.ACCEPTED
    assert await tell(world, provider_payment_id) is True
    assert await tell(world, provider_payment_id) is False
    assert await tell(world, provider_payment_id, "evt_2") is True
    booking = await world.booking(booking_id)
    assert (booking.status, booking.captured) == (BookingStatus.PAID, euros("20.00"))
    assert (await world.event_names()).count("BookingPaid") == 1


async def test_a_declined_card_leaves_the_booking_to_be_paid(world: BookingWorld) -> None:
    booking_id = await world.accepted()
    _, provider_payment_id = await world.paying(booking_id)
    await world.payments.decline(provider_payment_id, error="card_declined")
    await tell(world, provider_payment_id)
    assert await status_of(world, booking_id) is BookingStatus.ACCEPTED
    await world.payments.pay(provider_payment_id)
    await tell(world, provider_payment_id, "evt_2")
    assert await status_of(world, booking_id) is BookingStatus.PAID


async def test_asking_to_pay_twice_shows_the_same_payment(world: BookingWorld) -> None:
    booking_id = await world.accepted()
    first, _ = await world.paying(booking_id)
    second, _ = await world.paying(booking_id)
    assert first == second
    assert len(await world.rows(payments)) == 1


async def test_only_the_owner_pays_and_only_what_is_accepted(world: BookingWorld) -> None:
    pending, accepted = await world.requested(), await world.accepted()
    with pytest.raises(BookingNotAccepted):
        await world.start_payment.execute(actor=OWNER, booking_id=pending)
    with pytest.raises(OnlyTheOwner):
        await world.start_payment.execute(actor=CAREGIVER, booking_id=accepted)
    world.clock.advance(DAY)
    with pytest.raises(PayWindowClosed):
        await world.start_payment.execute(actor=OWNER, booking_id=accepted)


async def test_a_far_booking_cannot_be_paid_yet(world: BookingWorld) -> None:
    booking_id = await world.accepted(starts_in=100 * DAY)
    with pytest.raises(PayWindowNotOpen):
        await world.start_payment.execute(actor=OWNER, booking_id=booking_id)
    assert await world.rows(payments) == []


async def test_after_a_time_out_asking_again_finds_the_payment_that_was_made(world: BookingWorld) -> None:
    booking_id = await world.accepted()
    with pytest.raises(PaymentsUnavailable):
        await replace(world.start_payment, payments=unsure(world)).execute(actor=OWNER, booking_id=booking_id)
    started, _ = await world.paying(booking_id)
    (payment,) = await world.rows(payments)
    assert (payment["id"], payment["attempt"]) == (started.payment_id, 1)


async def test_a_payment_nobody_heard_of_again_is_still_closed(world: BookingWorld) -> None:
    booking_id = await world.accepted()
    with pytest.raises(PaymentsUnavailable):
        await replace(world.start_payment, payments=unsure(world)).execute(actor=OWNER, booking_id=booking_id)
    world.clock.advance(DAY)
    await ExpireBookings(unit_of_work=world.unit_of_work, clock=world.clock).execute()
    (job,) = await world.jobs("payments.cancel")
    await cancel_payment(world).execute(payment_id=PaymentId(UUID(job["payment_id"])))
    (payment,) = await world.rows(payments)
    assert payment["status"] == "cancelled"
    assert (await world.payments.retrieve(payment["provider_payment_id"])).status == "cancelled"


async def test_a_refusal_ends_the_attempt_and_the_next_one_has_a_new_key(world: BookingWorld) -> None:
    booking_id = await world.accepted()
    refusing = RefusingPayments(world.database, clock=world.clock, ids=world.ids)
    with pytest.raises(PaymentNotPossible):
        await replace(world.start_payment, payments=refusing).execute(actor=OWNER, booking_id=booking_id)
    await world.paying(booking_id)
    assert [(row["attempt"], row["status"]) for row in await world.rows(payments)] == [
        (1, "cancelled"),
        (2, "awaiting_payment"),
    ]


async def test_money_for_an_expired_booking_goes_back_whole(world: BookingWorld) -> None:
    booking_id = await world.accepted()
    _, provider_payment_id = await world.paying(booking_id)
    await world.payments.pay(provider_payment_id)
    world.clock.advance(DAY)
    await ExpireBookings(unit_of_work=world.unit_of_work, clock=world.clock).execute()
    await tell(world, provider_payment_id)
    await make_refunds(world)
    await make_refunds(world)
    (refund,) = await world.rows(refunds)
    assert (refund["amount_cents"], refund["status"]) == (2000, "succeeded")
    booking = await world.booking(booking_id)
    assert (booking.status, booking.captured, booking.refunded) == (BookingStatus.EXPIRED, Money(0), Money(0))
    assert (await world.event_names()).count("RefundMade") == 1


async def test_money_that_beats_the_cancelling_of_its_payment_goes_back_too(world: BookingWorld) -> None:
    booking_id = await world.accepted()
    started, provider_payment_id = await world.paying(booking_id)
    cancel = CancelBooking(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)
    await cancel.execute(actor=OWNER, booking_id=booking_id)
    await world.payments.pay(provider_payment_id)
    for _ in range(2):
        await cancel_payment(world).execute(payment_id=started.payment_id)
    await tell(world, provider_payment_id)
    assert [row["amount_cents"] for row in await world.rows(refunds)] == [2000]


async def test_a_cancelled_booking_is_refunded_by_the_job(world: BookingWorld) -> None:
    booking_id = await world.accepted()
    _, provider_payment_id = await world.paying(booking_id)
    await world.payments.pay(provider_payment_id)
    await tell(world, provider_payment_id)
    cancel = CancelBooking(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)
    await cancel.execute(actor=CAREGIVER, booking_id=booking_id)
    assert "RefundMade" not in await world.event_names()
    await make_refunds(world)
    (refund,) = await world.rows(refunds)
    assert (refund["amount_cents"], refund["status"]) == (2000, "succeeded")
    assert "RefundMade" in await world.event_names()


async def test_a_refund_the_provider_refuses_has_failed_and_says_so(world: BookingWorld) -> None:
    booking_id = await world.accepted()
    _, provider_payment_id = await world.paying(booking_id)
    seen = await world.payments.pay(provider_payment_id)
    await tell(world, provider_payment_id)
    assert seen.charge_id is not None
    await world.payments.refund(charge_id=seen.charge_id, amount=euros("20.00"), idempotency_key="by hand")
    cancel = CancelBooking(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)
    await cancel.execute(actor=CAREGIVER, booking_id=booking_id)
    await make_refunds(world)
    assert [row["status"] for row in await world.rows(refunds)] == ["failed"]
    assert "RefundFailed" in await world.event_names()


async def test_an_event_about_something_unknown_is_put_aside(world: BookingWorld) -> None:
    assert await tell(world, "pi_of_somebody_else") is True
    async with world.unit_of_work() as uow:
        (job,) = await world.jobs("payments.apply_event")
        assert (await uow.inbox.get(UUID(job["inbox_id"]))).applied_at is not None


def cancel_payment(world: BookingWorld) -> CancelPayment:
    return CancelPayment(unit_of_work=world.unit_of_work, payments=world.payments, clock=world.clock, ids=world.ids)


async def test_a_payment_that_was_never_confirmed_is_given_up_after_minutes(world: BookingWorld) -> None:
    """Stripe repeats a failure for a day to whoever asks with the same key."""
    booking_id = await world.accepted()
    start = replace(world.start_payment, payments=unsure(world))
    for minutes in (0, 4):
        world.clock.advance(timedelta(minutes=minutes))
        with pytest.raises(PaymentsUnavailable):
            await start.execute(actor=OWNER, booking_id=booking_id)
    assert len(await world.rows(payments)) == 1
    world.clock.advance(timedelta(minutes=1))
    await world.start_payment.execute(actor=OWNER, booking_id=booking_id)
    assert sorted(row["attempt"] for row in await world.rows(payments)) == [1, 2]
