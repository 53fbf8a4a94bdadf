"""Transfers, accounts, books and what becomes of refunds and chargebacks, at a Stripe that we play ourselves: no
independent peer knows them. What we send is checked all the same."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from application.ports.payments import (
    PaymentRefused,
    PaymentsUnavailable,
    ProviderChargebackStatus,
)
from application.ports.provider_books import MovementKind, ProviderMovement
from application.ports.transfers import ProviderTransfer
from domain.shared.money import Money
from infrastructure.payments.stripe_books import StripeBooks
from infrastructure.payments.stripe_client import PAGE, StripeCalls
from tests.support.builders import NOW
from tests.support.fault_server import FaultServer, answer
from tests.support.stripe_calls import TEN, Stripe, in_the_middle
from tests.support.stripe_requests import CheckedTransport
from tests.support.stripe_world import FEE_CENTS, StripeWorld

SECOND = timedelta(seconds=1)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def world(server: FaultServer) -> StripeWorld:
    server.always = world = StripeWorld()
    return world


@pytest.fixture
def transport() -> CheckedTransport:
    return CheckedTransport()


@pytest.fixture
async def stripe(server: FaultServer, world: StripeWorld, transport: CheckedTransport) -> AsyncIterator[Stripe]:
    calls = StripeCalls("sk_test_of_ours", api_base=server.url, transport=transport)
    yield in_the_middle(world, calls)
    await calls.close()


async def transfer(stripe: Stripe, cents: int, key: str) -> ProviderTransfer:
    return await stripe.transfers.transfer(
        destination=stripe.account_id,
        amount=Money(cents),
        charge_id=stripe.charge_id,
        reference="booking_1",
        idempotency_key=key,
    )


async def test_a_transfer_names_its_charge_its_booking_and_its_key(stripe: Stripe, transport: CheckedTransport) -> None:
    made = await transfer(stripe, 1000, "transfer:1:1")

    ((call, sent),) = transport.requests
    assert (call, sent) == (
        "POST /v1/transfers",
        {
            "amount": "1000",
            "currency": "eur",
            "destination": stripe.account_id,
            "source_transaction": stripe.charge_id,
            "transfer_group": "booking_1",
            "metadata": {"key": "transfer:1:1"},
        },
    )
    assert (made.key, made.destination, made.amount) == ("transfer:1:1", stripe.account_id, TEN)
    assert made.reversed == Money(0)
    assert await stripe.transfers.retrieve(made.id) == made
    assert made in await stripe.transfers.of_reference("booking_1")
    assert await stripe.transfers.of_reference("booking_2") == []


async def test_nothing_is_given_back_in_another_currency(stripe: Stripe, transport: CheckedTransport) -> None:
    """Stripe takes no currency with it: it would give back as many euros."""
    dollars = Money(100, "USD")
    for call in (
        stripe.payments.refund(charge_id=stripe.charge_id, amount=dollars, idempotency_key="refund:1:1"),
        stripe.transfers.reverse(transfer_id=stripe.transfer_id, amount=dollars, idempotency_key="rev:1:1"),
    ):
        with pytest.raises(PaymentRefused, match="USD"):
            await call
    assert transport.requests == []


async def test_what_the_caregiver_has_spent_is_not_taken_back(stripe: Stripe, world: StripeWorld) -> None:
    world.spend(stripe.transfer_id)
    with pytest.raises(PaymentRefused):
        await stripe.transfers.reverse(transfer_id=stripe.transfer_id, amount=TEN, idempotency_key="rev:1:1")
    assert await stripe.transfers.reversals_of(stripe.transfer_id) == []


async def test_an_account_can_receive_once_its_papers_are_complete(stripe: Stripe, world: StripeWorld) -> None:
    made = await stripe.accounts.create(country="NL", idempotency_key="acct:2")
    assert made.can_receive_transfers is False
    with pytest.raises(PaymentRefused, match="insufficient_capabilities_for_transfer"):
        await stripe.transfers.transfer(
            destination=made.id, amount=TEN, charge_id=stripe.charge_id, reference="b", idempotency_key="transfer:1:1"
        )

    world.complete(made.id)
    assert (await stripe.accounts.retrieve(made.id)).can_receive_transfers is True


@pytest.mark.parametrize(
    "state",
    [
        {"payouts_enabled": False, "capabilities": {"transfers": "active"}},
        {"payouts_enabled": True, "capabilities": {"transfers": "pending"}},
        {"payouts_enabled": True, "capabilities": {}},
        {"payouts_enabled": True},
    ],
)
async def test_half_an_account_receives_nothing(server: FaultServer, stripe: Stripe, state: dict[str, Any]) -> None:
    server.play(answer({"id": "acct_1", "object": "account", **state}))
    assert (await stripe.accounts.retrieve("acct_1")).can_receive_transfers is False


async def test_the_account_is_one_that_stripe_looks_after_and_we_answer_for(
    stripe: Stripe, transport: CheckedTransport
) -> None:
    await stripe.accounts.create(country="NL", idempotency_key="acct:2")

    ((_, sent),) = transport.requests
    assert sent == {
        "controller": {
            "fees": {"payer": "application"},
            "losses": {"payments": "application"},
            "requirement_collection": "stripe",
            "stripe_dashboard": {"type": "express"},
        },
        "capabilities": {"transfers": {"requested": "true"}},
        "country": "NL",
        "metadata": {"key": "acct:2"},
    }


async def test_each_link_is_another_and_leads_back(stripe: Stripe, transport: CheckedTransport) -> None:
    back = "https://tailtribe.test/payouts"
    links = {await stripe.accounts.onboarding_link(stripe.account_id, return_url=back) for _ in range(2)}

    assert len(links) == 2
    assert all(link.startswith("https://connect.stripe.test/") for link in links)
    assert {sent["return_url"] for _, sent in transport.requests} == {back}


async def lines(stripe: Stripe, since: datetime, until: datetime) -> list[ProviderMovement]:
    return [line async for line in StripeBooks(stripe.calls).movements(since=since, until=until)]


async def test_the_books_tell_of_everything_that_moved(stripe: Stripe, world: StripeWorld) -> None:
    await stripe.transfers.reverse(transfer_id=stripe.transfer_id, amount=TEN, idempotency_key="rev:1:1")
    world.fail_refund(stripe.refund_id)
    world.decide(stripe.dispute_id, won=True)
    found = await lines(stripe, NOW, NOW + SECOND)

    assert {(line.kind, line.source_id, line.amount.amount_cents, line.fee.amount_cents) for line in found} >= {
        (MovementKind.CHARGE, stripe.charge_id, 4000, FEE_CENTS),
        (MovementKind.REFUND, stripe.refund_id, -100, 0),
        (MovementKind.REFUND_FAILURE, stripe.refund_id, 100, 0),
        (MovementKind.TRANSFER, stripe.transfer_id, -2000, 0),
        (MovementKind.CHARGEBACK, stripe.dispute_id, -4000, 2000),
        (MovementKind.CHARGEBACK_WON, stripe.dispute_id, 4000, 0),
    }
    assert [line.amount for line in found if line.kind is MovementKind.REVERSAL] == [TEN]
    assert {line.at for line in found} == {NOW}
    assert len({line.id for line in found}) == len(found) == 7


@pytest.mark.parametrize(
    ("category", "kind"),
    [("fee", "fee"), ("network_cost", "fee"), ("payout", "bank"), ("topup", "bank"), ("risk_reserved_funds", "other")],
)
async def test_what_we_did_not_cause_is_told_by_its_kind(
    stripe: Stripe, world: StripeWorld, category: str, kind: str
) -> None:
    world.lines.clear()
    world.charge_fee(category)

    ((line),) = await lines(stripe, NOW, NOW + SECOND)
    assert (line.kind, line.source_id, line.amount) == (MovementKind(kind), line.id, Money(-200))


async def test_the_books_are_read_from_an_instant_on_and_before_another(stripe: Stripe, world: StripeWorld) -> None:
    everything = len(world.lines)
    part = timedelta(milliseconds=1)

    assert len(await lines(stripe, NOW, NOW + SECOND)) == everything
    assert len(await lines(stripe, NOW - SECOND, NOW + part)) == everything
    assert await lines(stripe, NOW + part, NOW + SECOND) == []
    assert await lines(stripe, NOW - SECOND, NOW) == []


async def test_books_of_several_pages_are_read_whole_and_once(stripe: Stripe, world: StripeWorld) -> None:
    for _ in range(2 * PAGE):
        world.charge_fee("fee")

    found = await lines(stripe, NOW, NOW + SECOND)
    assert [line.id for line in found] == [line["id"] for line in reversed(world.lines)]


async def test_a_page_that_cannot_be_read_ends_the_reading(
    server: FaultServer, stripe: Stripe, world: StripeWorld
) -> None:
    for _ in range(PAGE):
        world.charge_fee("fee")
    server.play(world, answer({}, status=500))

    found: list[ProviderMovement] = []

    async def read() -> None:
        async for line in StripeBooks(stripe.calls).movements(since=NOW, until=NOW + SECOND):
            found.append(line)

    with pytest.raises(PaymentsUnavailable):
        await read()
    assert len(found) == PAGE


@pytest.mark.parametrize(
    ("word", "status", "is_inquiry"),
    [
        ("warning_under_review", ProviderChargebackStatus.OPENED, True),
        ("warning_closed", ProviderChargebackStatus.WON, True),
        ("under_review", ProviderChargebackStatus.OPENED, False),
        ("won", ProviderChargebackStatus.WON, False),
        ("lost", ProviderChargebackStatus.LOST, False),
        ("prevented", ProviderChargebackStatus.LOST, False),
    ],
)
async def test_a_chargeback_is_what_the_bank_has_made_of_it(
    stripe: Stripe, world: StripeWorld, word: str, status: ProviderChargebackStatus, is_inquiry: bool
) -> None:
    found = await stripe.payments.retrieve_chargeback(world.dispute(stripe.charge_id, status=word))

    assert (found.status, found.is_inquiry, found.payment_id) == (status, is_inquiry, stripe.paid_id)
    assert (found.amount, found.evidence_due_by) == (Money(4000), datetime.fromtimestamp(world.now, UTC) + timedelta(7))
