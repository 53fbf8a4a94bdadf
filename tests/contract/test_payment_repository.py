"""What the payment repository promises, on both databases."""

from dataclasses import MISSING, fields, replace
from datetime import timedelta

import pytest

from domain.bookings.quote import QuoteId
from domain.payments.payment import Payment, PaymentId, PaymentNotFound, PaymentStatus
from domain.payments.refund import Refund, RefundId, RefundNotFound, RefundStatus
from domain.shared.errors import Conflict
from domain.shared.money import Money
from infrastructure.persistence.outbox import outbox_events
from tests.support.builders import NOW, a_payment, identified
from tests.support.stores import Store


async def a_full_payment(store: Store) -> Payment:
    payment = replace(
        a_payment(amount="33.33", attempt=3),
        booking_id=await store.book(),
        provider="stripe",
        provider_payment_id="pi_1",
        status=PaymentStatus.SUCCEEDED,
        charge_id="ch_1",
        error="card_declined",
        captured=Money(3333),
        refunded=Money(1234),
        quote_id=QuoteId(identified("quote")),
        created_at=NOW + timedelta(microseconds=3),
        version=5,
    )
    untouched = [
        field.name
        for field in fields(Payment)
        if field.default is not MISSING and getattr(payment, field.name) == field.default
    ]
    assert untouched == [], "the test has to give a field that was added a value"
    return payment


def a_full_refund(payment: Payment, *, number: int = 2) -> Refund:
    return Refund(
        id=RefundId(identified(f"refund {number}")),
        payment_id=payment.id,
        booking_id=payment.booking_id,
        number=number,
        amount=Money(1234),
        reason="cancelled",
        created_at=NOW,
        status=RefundStatus.FAILED,
        provider_refund_id=f"re_{number}",
        error="expired_or_canceled_card",
        settled_at=NOW + timedelta(days=1),
        version=3,
    )


async def test_every_field_comes_back_as_it_was_added(peopled: Store) -> None:
    payment = await a_full_payment(peopled)
    refund = a_full_refund(payment)
    async with peopled.unit_of_work() as uow:
        await uow.payments.add(payment)
        await uow.payments.add_refund(refund)
    async with peopled.unit_of_work() as uow:
        assert await uow.payments.get(payment.id) == payment
        assert await uow.payments.by_provider_id("stripe", "pi_1") == payment
        assert await uow.payments.get_refund(refund.id) == refund


async def test_every_field_that_changes_comes_back_as_it_was_saved(peopled: Store) -> None:
    full = await a_full_payment(peopled)
    opened = replace(a_payment(attempt=3), amount=full.amount, booking_id=full.booking_id, provider="stripe")
    refund = a_full_refund(full)
    pending = replace(
        refund, status=RefundStatus.PENDING, provider_refund_id=None, error=None, settled_at=None, version=0
    )
    async with peopled.unit_of_work() as uow:
        await uow.payments.add(opened)
        await uow.payments.add_refund(pending)
        saved, settled = replace(full, version=0, created_at=opened.created_at), replace(refund, version=0)
        await uow.payments.save(saved)
        await uow.payments.save_refund(settled)
    assert (saved.version, settled.version) == (1, 1)
    async with peopled.unit_of_work() as uow:
        assert await uow.payments.get(opened.id) == saved
        assert await uow.payments.get_refund(refund.id) == settled


async def test_attempts_come_the_first_one_first(peopled: Store) -> None:
    booking_id = await peopled.book()
    async with peopled.unit_of_work() as uow:
        for attempt in (3, 1, 2):
            await uow.payments.add(replace(a_payment(attempt=attempt), booking_id=booking_id))
    async with peopled.unit_of_work() as uow:
        assert [payment.attempt for payment in await uow.payments.of_booking(booking_id)] == [1, 2, 3]


async def test_what_is_unknown_is_not_found(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        with pytest.raises(PaymentNotFound):
            await uow.payments.get(PaymentId(identified("none")))
        with pytest.raises(RefundNotFound):
            await uow.payments.get_refund(RefundId(identified("none")))
        assert await uow.payments.by_provider_id("stripe", "pi_1") is None
        assert await uow.payments.of_booking(a_payment().booking_id) == []


async def test_a_providers_id_belongs_to_one_payment_of_that_provider(peopled: Store) -> None:
    payment = await a_full_payment(peopled)
    other = replace(payment, id=PaymentId(identified("other")), attempt=4, provider="sandbox")
    async with peopled.unit_of_work() as uow:
        await uow.payments.add(payment)
        await uow.payments.add(other)
    async with peopled.unit_of_work() as uow:
        assert await uow.payments.by_provider_id("sandbox", "pi_1") == other
    with pytest.raises(Conflict):
        async with peopled.unit_of_work() as uow:
            await uow.payments.add(replace(payment, id=PaymentId(identified("third")), attempt=5))


async def test_payments_the_provider_has_not_named_do_not_get_in_each_others_way(peopled: Store) -> None:
    booking_id = await peopled.book()
    async with peopled.unit_of_work() as uow:
        for attempt in (1, 2):
            await uow.payments.add(replace(a_payment(attempt=attempt), booking_id=booking_id))


async def test_a_refund_number_is_given_once_per_booking(peopled: Store) -> None:
    payment = await a_full_payment(peopled)
    async with peopled.unit_of_work() as uow:
        await uow.payments.add(payment)
        await uow.payments.add_refund(a_full_refund(payment))
    again = replace(a_full_refund(payment), id=RefundId(identified("another")), provider_refund_id="re_9")
    with pytest.raises(Conflict):
        async with peopled.unit_of_work() as uow:
            await uow.payments.add_refund(again)


async def test_what_happened_to_a_refund_is_told_with_it(peopled: Store) -> None:
    payment = await a_full_payment(peopled)
    refund = replace(a_full_refund(payment), status=RefundStatus.PENDING, provider_refund_id=None, events=[])
    async with peopled.unit_of_work() as uow:
        await uow.payments.add(payment)
        await uow.payments.add_refund(refund)
        refund.observe(provider_refund_id="re_2", status=RefundStatus.SUCCEEDED, at=NOW)
        await uow.payments.save_refund(refund)
    (told,) = [event for event in await _events(peopled) if event["name"] == "RefundMade"]
    assert told["aggregate_id"] == refund.id
    assert told["facts"] == {"refund_id": str(refund.id), "booking_id": str(payment.booking_id)}


async def _events(store: Store) -> list[dict[str, object]]:
    return await store.rows(outbox_events)
