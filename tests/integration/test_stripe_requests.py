"""What is sent to Stripe, and whether those who check and play it can be trusted."""

from collections.abc import AsyncIterator, Iterator

import pytest
import stripe as stripe_library

from infrastructure.payments.stripe_client import API_VERSION, StripeCalls
from tests.support.fault_server import FaultServer
from tests.support.stripe_calls import Stripe, in_the_middle, pay
from tests.support.stripe_requests import BadRequestToStripe, CheckedTransport
from tests.support.stripe_world import StripeWorld

KEY = "sk_test_of_ours"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def world(server: FaultServer) -> StripeWorld:
    server.always = world = StripeWorld()
    return world


@pytest.fixture
async def stripe(server: FaultServer, world: StripeWorld) -> AsyncIterator[Stripe]:
    calls = StripeCalls(KEY, api_base=server.url, transport=CheckedTransport())
    yield in_the_middle(world, calls)
    await calls.close()


async def test_a_request_that_stripe_does_not_describe_fails_the_test(stripe: Stripe) -> None:
    for asked, told_problem in (
        ({"amount": 1}, "currency is missing"),
        ({"amount": 1, "currency": "eur", "color": "red"}, "color is unknown"),
        ({"amount": "much", "currency": "eur"}, "amount is 'much'"),
        ({"amount": 1, "currency": "eur", "capture_method": "later"}, "capture_method is 'later'"),
        ({"amount": 1, "currency": "eur", "automatic_payment_methods": {"enabled": "yes"}}, "enabled is 'yes'"),
    ):
        with pytest.raises(BadRequestToStripe, match=told_problem):
            await stripe.calls.ask(lambda v1, asked=asked: v1.payment_intents.create_async(asked), dict)
    with pytest.raises(BadRequestToStripe, match="nobody said"):
        await stripe.calls.ask(lambda v1: v1.charges.create_async({"amount": 1, "currency": "eur"}), dict)


def test_our_own_peer_says_nothing_that_stripe_does_not_say(world: StripeWorld) -> None:
    in_the_middle(world, StripeCalls(KEY))
    classes = {
        "payment_intent": stripe_library.PaymentIntent,
        "refund": stripe_library.Refund,
        "dispute": stripe_library.Dispute,
        "transfer": stripe_library.Transfer,
        "transfer_reversal": stripe_library.TransferReversal,
        "account": stripe_library.Account,
        "balance_transaction": stripe_library.BalanceTransaction,
    }
    for thing in [*world.things.values(), *world.lines]:
        if thing["object"] in classes:
            assert set(thing) <= set(classes[thing["object"]].__annotations__)


async def test_every_call_names_the_version_that_its_answer_is_read_by(server: FaultServer, stripe: Stripe) -> None:
    await pay(stripe)

    (request,) = server.requests
    assert request.headers["stripe-version"] == API_VERSION == stripe_library.api_version
    assert "x-stripe-client-telemetry" not in request.headers
