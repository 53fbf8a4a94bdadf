"""What every payments adapter promises. Here: the sandbox, bare and guarded, on both databases, and Stripe, played."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from application.ports.payments import (
    PaymentRefused,
    ProviderChargebackStatus,
    ProviderPaymentStatus,
    ProviderRefund,
    ProviderRefundStatus,
)
from domain.shared.money import Money
from infrastructure.payments.sandbox_payments import SandboxPayments
from infrastructure.persistence.payments.sandbox_tables import sandbox_payments
from tests.support.builders import NOW
from tests.support.payment_providers import REFERENCE, SANDBOXES, TWENTY, Provider
from tests.support.stores import Store


async def refused(call: Callable[[], Awaitable[object]]) -> None:
    with pytest.raises(PaymentRefused):
        await call()


async def test_an_opened_payment_waits_for_money(provider: Provider) -> None:
    opened = await provider.opened()
    assert (opened.status, opened.amount) == (ProviderPaymentStatus.AWAITING_PAYMENT, TWENTY)
    assert (opened.charge_id, opened.error) == (None, None)
    assert opened.client_secret
    assert await provider.payments.retrieve(opened.id) == opened


async def test_the_same_key_answers_the_same_payment(provider: Provider) -> None:
    first = await provider.opened()
    assert await provider.opened() == first
    await provider.bank.pay(first.id)
    assert (await provider.opened()).id == first.id
    assert (await provider.opened(key="pay:1:2")).id != first.id


async def test_of_many_who_open_at_once_with_one_key_all_get_the_same_payment(provider: Provider) -> None:
    opened = await asyncio.gather(*(provider.opened() for _ in range(15)))
    assert len({payment.id for payment in opened}) == 1


async def test_a_key_used_with_other_parameters_is_refused(provider: Provider) -> None:
    first = await provider.opened()
    await refused(lambda: provider.opened(amount=Money(2001)))
    await refused(lambda: provider.opened(amount=Money(2000, "USD")))
    await refused(lambda: provider.payments.create(amount=TWENTY, reference="booking_2", idempotency_key="pay:1:1"))
    assert await provider.payments.retrieve(first.id) == first


async def test_money_that_moved_has_a_charge(provider: Provider) -> None:
    opened = await provider.opened()
    paid = await provider.bank.pay(opened.id)
    assert (paid.id, paid.status, paid.amount) == (opened.id, ProviderPaymentStatus.SUCCEEDED, TWENTY)
    assert paid.charge_id is not None
    assert await provider.payments.retrieve(opened.id) == paid
    assert await provider.bank.pay(opened.id) == paid
    other = await provider.bank.pay((await provider.opened(key="pay:2:1")).id)
    assert other.charge_id != paid.charge_id


async def test_a_decline_leaves_the_payment_open_with_its_reason(provider: Provider) -> None:
    opened = await provider.opened()
    declined = await provider.bank.decline(opened.id, error="card_declined")
    assert (declined.status, declined.error) == (ProviderPaymentStatus.AWAITING_PAYMENT, "card_declined")
    paid = await provider.bank.pay(opened.id)
    assert (paid.status, paid.error) == (ProviderPaymentStatus.SUCCEEDED, None)
    assert await provider.bank.decline(opened.id, error="card_declined") == paid


async def test_a_cancelled_payment_takes_no_more_money(provider: Provider) -> None:
    opened = await provider.opened()
    for _ in range(2):
        cancelled = await provider.payments.cancel(opened.id, idempotency_key="cancel:1:1")
        assert cancelled.status is ProviderPaymentStatus.CANCELLED
    assert (await provider.bank.pay(opened.id)).status is ProviderPaymentStatus.CANCELLED
    assert (await provider.payments.retrieve(opened.id)).charge_id is None


async def test_cancelling_what_succeeded_changes_nothing(provider: Provider) -> None:
    opened = await provider.opened()
    paid = await provider.bank.pay(opened.id)
    assert await provider.payments.cancel(opened.id, idempotency_key="cancel:1:1") == paid
    assert await provider.payments.retrieve(opened.id) == paid


async def test_of_paying_and_cancelling_at_once_one_counts(provider: Provider) -> None:
    for at in range(6):
        opened = await provider.opened(key=f"pay:{at}:1")
        paid, cancelled = await asyncio.gather(
            provider.bank.pay(opened.id), provider.payments.cancel(opened.id, idempotency_key=f"cancel:{at}")
        )
        assert paid == cancelled == await provider.payments.retrieve(opened.id)
        assert (paid.status is ProviderPaymentStatus.SUCCEEDED) == (paid.charge_id is not None)


async def test_what_the_provider_does_not_know_is_refused(provider: Provider) -> None:
    await refused(lambda: provider.payments.retrieve("nothing"))
    await refused(lambda: provider.payments.cancel("nothing", idempotency_key="cancel"))
    await refused(lambda: provider.refund("nothing", 1, "refund"))
    await refused(lambda: provider.bank.pay("nothing"))
    await refused(lambda: provider.bank.decline("nothing", error="card_declined"))


async def test_a_refund_is_made_once_per_key(provider: Provider) -> None:
    charge = await provider.charged()
    first = await provider.refund(charge, 500, "refund:1:1")
    assert (first.status, first.amount) == (ProviderRefundStatus.SUCCEEDED, Money(500))
    assert await provider.refund(charge, 500, "refund:1:1") == first
    second = await provider.refund(charge, 1500, "refund:1:2")
    assert second.id != first.id
    # All is given back, and a repetition is still answered.
    assert await provider.refund(charge, 1500, "refund:1:2") == second


async def test_refunds_never_add_up_to_more_than_was_captured(provider: Provider) -> None:
    charge = await provider.charged()
    await refused(lambda: provider.refund(charge, 2001, "refund:1:1"))
    await provider.refund(charge, 1999, "refund:1:2")
    await refused(lambda: provider.refund(charge, 2, "refund:1:3"))
    await provider.refund(charge, 1, "refund:1:4")
    await refused(lambda: provider.refund(charge, 1, "refund:1:5"))


@pytest.mark.parametrize("cents", [0, -1, -2000])
async def test_a_refund_of_nothing_or_less_is_refused(provider: Provider, cents: int) -> None:
    """It would make room for a larger one."""
    charge = await provider.charged()
    await refused(lambda: provider.refund(charge, cents, "refund:1:1"))
    await refused(lambda: provider.refund(charge, 2001, "refund:1:2"))


async def test_a_refund_in_another_currency_is_refused(provider: Provider) -> None:
    charge = await provider.charged()
    await refused(
        lambda: provider.payments.refund(charge_id=charge, amount=Money(100, "USD"), idempotency_key="refund:1:1")
    )


async def test_a_refund_key_used_with_other_parameters_is_refused(provider: Provider) -> None:
    charge, other = await provider.charged(), await provider.charged(key="pay:2:1")
    await provider.refund(charge, 500, "refund:1:1")
    await refused(lambda: provider.refund(charge, 501, "refund:1:1"))
    await refused(lambda: provider.refund(other, 500, "refund:1:1"))
    await provider.refund(other, 2000, "refund:2:1")


@pytest.mark.parametrize("provider", SANDBOXES, indirect=True)
async def test_a_refused_refund_leaves_its_key_free(provider: Provider) -> None:
    charge = await provider.charged()
    await refused(lambda: provider.refund(charge, 2001, "refund:1:1"))
    assert (await provider.refund(charge, 2000, "refund:1:1")).amount == TWENTY


async def test_refunds_at_once_stay_below_what_was_captured(provider: Provider) -> None:
    charge = await provider.charged()
    outcomes = await asyncio.gather(
        *(provider.refund(charge, 300, f"refund:1:{at}") for at in range(12)), return_exceptions=True
    )
    made = [outcome for outcome in outcomes if isinstance(outcome, ProviderRefund)]
    assert len(made) == 6
    assert all(isinstance(outcome, ProviderRefund | PaymentRefused) for outcome in outcomes)
    assert sum(refund.amount.amount_cents for refund in await provider.payments.refunds_of(charge)) == 1800


async def test_one_refund_asked_for_many_times_at_once_moves_money_once(provider: Provider) -> None:
    charge = await provider.charged()
    made = await asyncio.gather(*(provider.refund(charge, 300, "refund:1:1") for _ in range(12)))
    assert len({refund.id for refund in made}) == 1
    assert await provider.payments.refunds_of(charge) == [made[0]]


async def test_one_key_for_two_charges_at_once_is_refused_to_one(provider: Provider) -> None:
    charges = [await provider.charged(key=f"pay:{at}:1") for at in range(8)]
    outcomes = await asyncio.gather(
        *(provider.refund(charge, 100, "refund:1:1") for charge in charges), return_exceptions=True
    )
    assert sum(isinstance(outcome, ProviderRefund) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, PaymentRefused) for outcome in outcomes) == 7


async def test_a_refund_is_found_by_its_id_and_by_its_charge(provider: Provider) -> None:
    charge, other = await provider.charged(), await provider.charged(key="pay:2:1")
    assert await provider.payments.refunds_of(charge) == []
    made = [await provider.refund(charge, 500, f"refund:1:{number}") for number in (1, 2)]
    assert [await provider.payments.retrieve_refund(refund.id) for refund in made] == made
    assert sorted(await provider.payments.refunds_of(charge), key=lambda refund: refund.key or "") == made
    assert [refund.key for refund in made] == ["refund:1:1", "refund:1:2"]
    assert await provider.payments.refunds_of(other) == []
    await refused(lambda: provider.payments.retrieve_refund("nothing"))


async def test_a_refund_may_fail_after_all(provider: Provider) -> None:
    opened = await provider.opened()
    paid = await provider.bank.pay(opened.id)
    assert paid.charge_id is not None
    refund = await provider.refund(paid.charge_id, 500, "refund:1:1")
    await provider.bank.return_refunds(opened.id)
    failed = await provider.payments.retrieve_refund(refund.id)
    assert (failed.status, failed.amount, failed.key) == (ProviderRefundStatus.FAILED, Money(500), "refund:1:1")
    assert failed.error
    assert await provider.payments.refunds_of(paid.charge_id) == [failed]


@pytest.mark.parametrize("won", [True, False])
async def test_a_chargeback_is_open_until_the_bank_has_decided(provider: Provider, won: bool) -> None:
    opened = await provider.opened()
    await refused(lambda: provider.bank.charge_back(opened.id))
    await provider.bank.pay(opened.id)
    chargeback = await provider.bank.charge_back(opened.id)
    assert (chargeback.status, chargeback.payment_id) == (ProviderChargebackStatus.OPENED, opened.id)
    assert (chargeback.amount, chargeback.is_inquiry) == (TWENTY, False)
    assert chargeback.reason
    assert chargeback.evidence_due_by is not None
    assert chargeback.evidence_due_by > NOW
    assert await provider.payments.retrieve_chargeback(chargeback.id) == chargeback
    decided = await provider.bank.decide_chargeback(opened.id, won=won)
    assert decided.status is (ProviderChargebackStatus.WON if won else ProviderChargebackStatus.LOST)
    assert await provider.payments.retrieve_chargeback(chargeback.id) == decided
    await refused(lambda: provider.payments.retrieve_chargeback("nothing"))


async def test_reading_a_payment_waits_for_nobody(postgres_store: Store) -> None:
    store = postgres_store
    sandbox = SandboxPayments(store.database, clock=store.clock, ids=store.ids)
    opened = await sandbox.create(amount=TWENTY, reference=REFERENCE, idempotency_key="pay:1:1")
    async with store.database.begin() as connection:
        await connection.execute(select(sandbox_payments).with_for_update())
        async with asyncio.timeout(60):
            assert await sandbox.retrieve(opened.id) == opened
