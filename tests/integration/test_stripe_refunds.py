"""Refunds, chargebacks and errors at a Stripe that somebody else wrote: stripe-stateful-mock, as a process."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from application.ports.payments import (
    PaymentRefused,
    PaymentsMisconfigured,
    PaymentsUnavailable,
    ProviderRefund,
    ProviderRefundStatus,
)
from domain.shared.money import Money
from infrastructure.payments.stripe_client import StripeCalls, keyed
from infrastructure.payments.stripe_connected_accounts import StripeConnectedAccounts
from infrastructure.payments.stripe_payments import StripePayments
from tests.support.stripe_peers import API_KEY, StatefulMock
from tests.support.stripe_requests import CheckedTransport


@pytest.fixture
async def calls(stateful_mock: StatefulMock) -> AsyncIterator[StripeCalls]:
    calls = StripeCalls(API_KEY, api_base=stateful_mock.url, transport=CheckedTransport())
    yield calls
    await calls.close()


@pytest.fixture
def payments(calls: StripeCalls) -> StripePayments:
    return StripePayments(calls)


@pytest.fixture
async def charge_id(stateful_mock: StatefulMock) -> str:
    """Of twenty euros."""
    return (await stateful_mock.charge())["id"]


async def refund(payments: StripePayments, charge_id: str, cents: int, key: str) -> ProviderRefund:
    return await payments.refund(charge_id=charge_id, amount=Money(cents), idempotency_key=key)


def a_key() -> str:
    return f"refund:{uuid4()}:1"


async def test_a_refund_is_found_by_its_id_and_its_charge(payments: StripePayments, charge_id: str) -> None:
    key = a_key()
    made = await refund(payments, charge_id, 500, key)

    assert (made.status, made.amount, made.key) == (ProviderRefundStatus.SUCCEEDED, Money(500), key)
    assert await payments.retrieve_refund(made.id) == made
    assert await payments.refunds_of(charge_id) == [made]


async def test_the_same_key_gives_back_once(payments: StripePayments, charge_id: str) -> None:
    key = a_key()
    made = await asyncio.gather(*(refund(payments, charge_id, 500, key) for _ in range(12)))

    assert len({one.id for one in made}) == 1
    assert await payments.refunds_of(charge_id) == [made[0]]


async def test_a_key_used_with_other_parameters_is_refused(payments: StripePayments, charge_id: str) -> None:
    key = a_key()
    made = await refund(payments, charge_id, 500, key)

    with pytest.raises(PaymentRefused, match="Stripe answers 400 idempotency_error"):
        await refund(payments, charge_id, 501, key)
    assert await payments.refunds_of(charge_id) == [made]


async def test_no_more_is_given_back_than_was_charged(payments: StripePayments, charge_id: str) -> None:
    await refund(payments, charge_id, 1500, a_key())

    with pytest.raises(PaymentRefused, match="Stripe answers 400"):
        await refund(payments, charge_id, 501, a_key())
    await refund(payments, charge_id, 500, a_key())
    with pytest.raises(PaymentRefused, match="charge_already_refunded"):
        await refund(payments, charge_id, 1, a_key())
    assert sum(one.amount.amount_cents for one in await payments.refunds_of(charge_id)) == 2000


async def test_of_many_refunds_at_once_only_so_many_are_made_as_the_charge_holds(
    payments: StripePayments, charge_id: str
) -> None:
    asked = [refund(payments, charge_id, 300, a_key()) for _ in range(10)]
    answers = await asyncio.gather(*asked, return_exceptions=True)

    assert sum(isinstance(answer, ProviderRefund) for answer in answers) == 6
    assert sum(isinstance(answer, PaymentRefused) for answer in answers) == 4


async def test_a_chargeback_of_what_was_charged_without_us_is_none_of_ours(
    payments: StripePayments, stateful_mock: StatefulMock
) -> None:
    """It knows no payment intents; what it says of a dispute is read all the same."""
    charge = await stateful_mock.charge(source="tok_createDispute")
    dispute_id = (await stateful_mock.ask("GET", f"/v1/charges/{charge['id']}")).json()["dispute"]

    with pytest.raises(PaymentRefused, match="of no payment"):
        await payments.retrieve_chargeback(dispute_id)


async def test_what_stripe_does_not_know_is_refused(payments: StripePayments, calls: StripeCalls) -> None:
    accounts = StripeConnectedAccounts(calls)
    for call, told in (
        (payments.retrieve_refund("re_unknown"), "404 resource_missing"),
        (refund(payments, "ch_unknown", 1, a_key()), "404 resource_missing"),
        (payments.retrieve_chargeback("dp_unknown"), "404 resource_missing"),
        # Not let in, Stripe says; but only to this account, which is none of ours (any more).
        (accounts.retrieve("acct_unknown"), "403 account_invalid"),
        # It knows no account links.
        (accounts.onboarding_link("acct_1", return_url="https://tailtribe.test"), "404 invalid_request_error"),
    ):
        with pytest.raises(PaymentRefused, match=told):
            await call


@pytest.mark.parametrize(
    ("source", "error", "told"),
    [
        ("tok_chargeDeclined", PaymentRefused, "402 card_declined"),
        ("tok_chargeDeclinedInsufficientFunds", PaymentRefused, "402 card_declined"),
        ("tok_chargeDeclinedExpiredCard", PaymentRefused, "402 expired_card"),
        ("tok_chargeDeclinedIncorrectCvc", PaymentRefused, "402 incorrect_cvc"),
        ("tok_429", PaymentsUnavailable, "429 rate_limit"),
        ("tok_500", PaymentsUnavailable, "500 api_error"),
    ],
)
async def test_each_error_is_told_by_its_status(
    stateful_mock: StatefulMock, source: str, error: type[Exception], told: str
) -> None:
    """By way of charges, which our product never makes itself: they know these errors."""
    calls = StripeCalls(API_KEY, api_base=stateful_mock.url)
    asked = {"amount": 2000, "currency": "eur", "source": source}
    key = a_key()

    # Stripe answers the same again under the same key, its own mistakes included.
    for _ in range(2):
        with pytest.raises(error, match=f"Stripe answers {told}") as raised:
            await calls.ask(lambda v1: v1.charges.create_async(asked, keyed(key)), dict)
        assert raised.type is error
    await calls.close()


async def test_a_key_that_is_not_accepted_is_a_matter_of_the_settings(stateful_mock: StatefulMock) -> None:
    calls = StripeCalls("sk_live_of_somebody", api_base=stateful_mock.url, transport=CheckedTransport())

    with pytest.raises(PaymentsMisconfigured, match="Stripe answers 401") as raised:
        await StripePayments(calls).refunds_of("ch_1")
    assert "sk_live" not in str(raised.value)
    await calls.close()
