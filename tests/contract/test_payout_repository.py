"""What the repositories of payouts, chargebacks and differences promise, on both databases."""

from dataclasses import MISSING, fields, replace
from datetime import timedelta
from typing import Any

import pytest

from application.ports.unit_of_work import StaleVersion
from domain.bookings.booking_life import BookingId
from domain.payments.chargeback import Chargeback, ChargebackId, ChargebackStatus
from domain.payments.payment import PaymentId
from domain.payments.payout import Payout, PayoutId, PayoutNotFound, PayoutStatus, Reversal, ReversalId, ReversalStatus
from domain.shared.errors import Conflict
from domain.shared.money import Money
from tests.support.builders import CAREGIVER, NOW, a_payment, identified
from tests.support.stores import Store

DAY = timedelta(days=1)


async def a_full_payout(store: Store) -> Payout:
    assert CAREGIVER.caregiver_id is not None
    payout = Payout(
        id=PayoutId(identified("payout")),
        booking_id=await store.book(),
        caregiver_id=CAREGIVER.caregiver_id,
        destination="acct_1",
        charge_id="ch_1",
        amount=Money(1600),
        netted=Money(100),
        decided_at=NOW,
        attempt=2,
        status=PayoutStatus.PAID,
        transfer_id="tr_1",
        error="once refused",
        settled_at=NOW + DAY,
        reversed=Money(500),
        owed=Money(30),
        reversal_count=1,
        version=4,
    )
    require_all_given(payout)
    return payout


def a_full_reversal(payout: Payout) -> Reversal:
    reversal = Reversal(
        id=ReversalId(identified("reversal")),
        payout_id=payout.id,
        booking_id=payout.booking_id,
        number=1,
        amount=Money(500),
        created_at=NOW,
        status=ReversalStatus.SUCCEEDED,
        provider_reversal_id="trr_1",
        error="slow",
        settled_at=NOW + DAY,
        version=2,
    )
    require_all_given(reversal)
    return reversal


def require_all_given(thing: Any) -> None:
    untouched = [
        field.name
        for field in fields(thing)
        if field.default is not MISSING and getattr(thing, field.name) == field.default
    ]
    assert untouched == [], "the test has to give a field that was added a value"


async def test_every_field_of_a_payout_and_its_reversal_comes_back(peopled: Store) -> None:
    payout = await a_full_payout(peopled)
    reversal = a_full_reversal(payout)
    begun = replace(payout, status=PayoutStatus.SENDING, transfer_id=None, version=3)
    pending = replace(reversal, status=ReversalStatus.PENDING, provider_reversal_id=None, version=1)
    async with peopled.unit_of_work() as uow:
        await uow.payouts.add(begun)
        await uow.payouts.add_reversal(pending)
    async with peopled.unit_of_work() as uow:
        assert await uow.payouts.get(payout.id) == begun
        assert await uow.payouts.pending_reversal_of(payout.id) == pending
        await uow.payouts.save(replace(payout, version=3))
        await uow.payouts.save_reversal(replace(reversal, version=1))
    async with peopled.unit_of_work() as uow:
        assert await uow.payouts.of_booking(payout.booking_id) == payout
        assert await uow.payouts.get_reversal(reversal.id) == reversal
        assert await uow.payouts.pending_reversal_of(payout.id) is None


async def test_a_booking_has_one_payout_for_ever(peopled: Store) -> None:
    payout = await a_full_payout(peopled)
    async with peopled.unit_of_work() as uow:
        await uow.payouts.add(payout)
    with pytest.raises(Conflict):
        async with peopled.unit_of_work() as uow:
            await uow.payouts.add(replace(payout, id=PayoutId(identified("another")), transfer_id="tr_2"))


async def test_a_transfer_belongs_to_one_payout(peopled: Store) -> None:
    payout = await a_full_payout(peopled)
    async with peopled.unit_of_work() as uow:
        await uow.payouts.add(payout)
    other = replace(payout, id=PayoutId(identified("another")), booking_id=await peopled.book())
    with pytest.raises(Conflict):
        async with peopled.unit_of_work() as uow:
            await uow.payouts.add(other)


async def test_of_two_who_save_a_payout_the_second_is_told(peopled: Store) -> None:
    payout = await a_full_payout(peopled)
    async with peopled.unit_of_work() as uow:
        await uow.payouts.add(payout)
        await uow.payouts.save(replace(payout))
    with pytest.raises(StaleVersion):
        async with peopled.unit_of_work() as uow:
            await uow.payouts.save(payout)


async def test_a_payout_that_is_not_there_is_not_found(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        assert await uow.payouts.of_booking(BookingId(identified("nothing"))) is None
        with pytest.raises(PayoutNotFound):
            await uow.payouts.get(PayoutId(identified("nothing")))


async def test_every_field_of_a_chargeback_comes_back(peopled: Store) -> None:
    payment = replace(a_payment(), booking_id=await peopled.book())
    chargeback = Chargeback(
        id=ChargebackId(identified("chargeback")),
        booking_id=payment.booking_id,
        payment_id=PaymentId(payment.id),
        provider_chargeback_id="dp_1",
        amount=Money(2000),
        reason="fraudulent",
        opened_at=NOW,
        evidence_due_by=NOW + 7 * DAY,
        status=ChargebackStatus.LOST,
        settled_at=NOW + DAY,
        version=2,
    )
    require_all_given(chargeback)
    opened = replace(chargeback, status=ChargebackStatus.OPENED, settled_at=None, version=1)
    async with peopled.unit_of_work() as uow:
        await uow.payments.add(payment)
        await uow.chargebacks.add(opened)
    async with peopled.unit_of_work() as uow:
        assert await uow.chargebacks.by_provider_id("dp_1") == opened
        assert await uow.chargebacks.is_any_open(payment.booking_id)
        await uow.chargebacks.save(replace(chargeback, version=1))
        assert not await uow.chargebacks.is_any_open(payment.booking_id)
        assert await uow.chargebacks.by_provider_id("dp_1") == chargeback
        assert await uow.chargebacks.by_provider_id("dp_2") is None
