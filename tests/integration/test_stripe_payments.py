"""Payments at a Stripe that somebody else wrote: localstripe, in a process of its own."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from application.ports.payment_notices import NoticeNotGenuine, NoticeSubject
from application.ports.payments import (
    PaymentRefused,
    PaymentsMisconfigured,
    ProviderPayment,
    ProviderPaymentStatus,
    ProviderRefundStatus,
)
from application.ports.provider_books import MovementKind
from domain.shared.money import Money
from infrastructure.clock.system_clock import SystemClock
from infrastructure.payments.stripe_books import StripeBooks
from infrastructure.payments.stripe_client import PAGE, StripeCalls
from infrastructure.payments.stripe_notices import StripeNotices
from infrastructure.payments.stripe_payments import StripePayments
from tests.support.fault_server import FaultServer
from tests.support.polling import until
from tests.support.stripe_peers import (
    API_KEY,
    CARD_THAT_ASKS,
    CARD_THAT_ASKS_AND_DECLINES,
    DECLINED_CARD,
    GOOD_CARD,
    LocalStripe,
)
from tests.support.stripe_requests import CheckedTransport

TWENTY = Money(2000)
AWAITING, SUCCEEDED = ProviderPaymentStatus.AWAITING_PAYMENT, ProviderPaymentStatus.SUCCEEDED
SECRET = "whsec_of_the_platform"


@pytest.fixture
async def calls(localstripe: LocalStripe) -> AsyncIterator[StripeCalls]:
    calls = StripeCalls(API_KEY, api_base=localstripe.url, transport=CheckedTransport())
    yield calls
    await calls.close()


@pytest.fixture
def payments(calls: StripeCalls) -> StripePayments:
    return StripePayments(calls)


async def opened(payments: StripePayments) -> ProviderPayment:
    return await payments.create(amount=TWENTY, reference="booking_1", idempotency_key=f"pay:{uuid4()}")


async def charged(payments: StripePayments, localstripe: LocalStripe) -> str:
    payment = await opened(payments)
    await localstripe.choose(payment.id, GOOD_CARD)
    charge_id = (await payments.retrieve(payment.id)).charge_id
    assert charge_id is not None
    return charge_id


async def test_an_opened_payment_waits_for_money_and_knows_its_key(payments: StripePayments) -> None:
    payment = await payments.create(amount=TWENTY, reference="booking_1", idempotency_key="pay:1:1")

    assert (payment.status, payment.amount, payment.key) == (AWAITING, TWENTY, "pay:1:1")
    assert (payment.charge_id, payment.error) == (None, None)
    assert payment.client_secret.startswith(payment.id)
    assert await payments.retrieve(payment.id) == payment


async def test_a_good_card_moves_the_money(payments: StripePayments, localstripe: LocalStripe) -> None:
    payment = await opened(payments)
    await localstripe.choose(payment.id, GOOD_CARD)

    paid = await payments.retrieve(payment.id)
    assert (paid.status, paid.amount, paid.error) == (SUCCEEDED, TWENTY, None)
    assert paid.charge_id is not None
    # It is too late to cancel: it is told as it is.
    assert await payments.cancel(payment.id, idempotency_key="cancel:1:1") == paid


async def test_a_declined_card_leaves_the_payment_open_with_its_reason(
    payments: StripePayments, localstripe: LocalStripe
) -> None:
    payment = await opened(payments)
    assert (await localstripe.choose(payment.id, DECLINED_CARD)).status_code == 402

    declined = await payments.retrieve(payment.id)
    assert (declined.status, declined.error, declined.charge_id) == (AWAITING, "card_declined", None)


async def test_a_bank_that_asks_is_waited_for(payments: StripePayments, localstripe: LocalStripe) -> None:
    payment = await opened(payments)
    await localstripe.choose(payment.id, CARD_THAT_ASKS)
    assert (await payments.retrieve(payment.id)).status is AWAITING

    await localstripe.authenticate(payment.id, payment.client_secret, success=True)
    assert (await payments.retrieve(payment.id)).status is SUCCEEDED


@pytest.mark.parametrize(
    ("card", "success", "error"),
    [
        (CARD_THAT_ASKS, False, "payment_intent_authentication_failure"),
        (CARD_THAT_ASKS_AND_DECLINES, True, "card_declined"),
    ],
    ids=["the owner fails", "the card is declined"],
)
async def test_who_fails_at_his_bank_may_try_again(
    payments: StripePayments, localstripe: LocalStripe, card: str, success: bool, error: str
) -> None:
    payment = await opened(payments)
    await localstripe.choose(payment.id, card)
    await localstripe.authenticate(payment.id, payment.client_secret, success=success)

    failed = await payments.retrieve(payment.id)
    assert (failed.status, failed.error, failed.charge_id) == (AWAITING, error, None)


async def test_a_cancelled_payment_takes_no_more_money(payments: StripePayments, localstripe: LocalStripe) -> None:
    payment = await opened(payments)
    cancelled = await payments.cancel(payment.id, idempotency_key=f"cancel:{payment.key}")

    assert cancelled.status is ProviderPaymentStatus.CANCELLED
    assert (await localstripe.choose(payment.id, GOOD_CARD)).status_code == 400
    assert await payments.cancel(payment.id, idempotency_key="cancel:2") == cancelled


async def test_what_stripe_does_not_know_is_refused(payments: StripePayments) -> None:
    for call in (
        payments.retrieve("pi_unknown"),
        payments.cancel("pi_unknown", idempotency_key="cancel:unknown"),
        payments.retrieve_refund("re_unknown"),
        payments.refund(charge_id="ch_unknown", amount=TWENTY, idempotency_key="refund:unknown"),
        payments.refunds_of("ch_unknown"),
    ):
        with pytest.raises(PaymentRefused, match="Stripe answers 404"):
            await call


async def test_a_key_of_no_use_is_a_matter_of_the_settings(localstripe: LocalStripe) -> None:
    calls = StripeCalls("rk_none", api_base=localstripe.url, transport=CheckedTransport())

    with pytest.raises(PaymentsMisconfigured, match="Stripe answers 401"):
        await StripePayments(calls).retrieve("pi_1")
    await calls.close()


async def test_a_refund_is_made_of_the_charge_and_found_there(
    payments: StripePayments, calls: StripeCalls, localstripe: LocalStripe
) -> None:
    charge_id = await charged(payments, localstripe)
    refund = await payments.refund(charge_id=charge_id, amount=Money(500), idempotency_key="refund:1:1")

    assert (refund.status, refund.amount, refund.key) == (ProviderRefundStatus.SUCCEEDED, Money(500), "refund:1:1")
    assert await payments.retrieve_refund(refund.id) == refund
    assert await payments.refunds_of(charge_id) == [refund]
    now = datetime.now(UTC)
    lines = StripeBooks(calls).movements(since=now - timedelta(minutes=5), until=now + timedelta(minutes=5))
    found = {(line.kind, line.amount) async for line in lines if line.source_id in (charge_id, refund.id)}
    assert found == {(MovementKind.CHARGE, TWENTY), (MovementKind.REFUND, Money(-500))}


async def test_a_list_is_read_to_its_end(payments: StripePayments, localstripe: LocalStripe) -> None:
    charge_id = await charged(payments, localstripe)
    await asyncio.gather(
        *(localstripe.ask("POST", "/v1/refunds", charge=charge_id, amount="1") for _ in range(PAGE + 1))
    )

    found = await payments.refunds_of(charge_id)
    assert len({refund.id for refund in found}) == PAGE + 1
    # Somebody else made them.
    assert {refund.key for refund in found} == {None}


async def test_its_signed_notice_is_read_by_whoever_knows_the_secret(
    payments: StripePayments, localstripe: LocalStripe
) -> None:
    with FaultServer() as receiver:
        async with localstripe.notices_sent_to(receiver.url, SECRET):
            payment = await opened(payments)
            await localstripe.choose(payment.id, GOOD_CARD)
            await until(lambda: any(payment.id.encode() in request.body for request in receiver.requests))
    told = next(request for request in receiver.requests if payment.id.encode() in request.body)
    signature = told.headers["stripe-signature"]

    def read(*secrets: str) -> object:
        return StripeNotices(secrets, is_live=False, clock=SystemClock()).read(told.body, signature=signature)

    notice = StripeNotices([SECRET], is_live=False, clock=SystemClock()).read(told.body, signature=signature)
    assert (notice.kind, notice.subject) == ("payment_intent.succeeded", NoticeSubject.PAYMENT)
    assert notice.object_id == payment.id
    assert read("whsec_of_connect", SECRET) == notice
    with pytest.raises(NoticeNotGenuine):
        read("whsec_of_connect")
