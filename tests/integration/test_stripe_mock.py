"""Every call against Stripe's own mock, when somebody has one: it answers in the right shape and keeps nothing."""

import os
from collections.abc import AsyncIterator

import pytest

from infrastructure.payments.stripe_client import StripeCalls
from tests.support.stripe_calls import CALLS, Stripe, told
from tests.support.stripe_requests import CheckedTransport

URL = os.environ.get("STRIPE_MOCK_URL")


@pytest.fixture
async def stripe() -> AsyncIterator[Stripe]:
    if URL is None:
        pytest.skip("STRIPE_MOCK_URL names no stripe-mock: it comes as a binary or an image, and from no package index")
    calls = StripeCalls("sk_test_123", api_base=URL, transport=CheckedTransport())
    yield Stripe(
        calls=calls,
        payment_id="pi_1",
        paid_id="pi_2",
        charge_id="ch_1",
        refund_id="re_1",
        dispute_id="dp_1",
        account_id="acct_1",
        transfer_id="tr_1",
    )
    await calls.close()


async def test_every_call_is_answered_in_a_shape_that_is_read(stripe: Stripe) -> None:
    assert {name: await told(call, stripe) for name, call in CALLS.items()} == dict.fromkeys(CALLS)
