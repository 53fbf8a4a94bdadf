"""What every connected-accounts adapter promises. Here: the sandbox, bare and guarded, on both databases, and Stripe,
played."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from application.ports.connected_accounts import ConnectedAccount, ConnectedAccounts
from application.ports.payments import PaymentRefused
from infrastructure.payments.sandbox_accounts import SandboxConnectedAccounts
from infrastructure.payments.stripe_client import StripeCalls
from infrastructure.payments.stripe_connected_accounts import StripeConnectedAccounts
from infrastructure.resilience.guarded_connected_accounts import GuardedConnectedAccounts
from infrastructure.resilience.guarded_payments import payments_breaker
from tests.support.fault_server import FaultServer
from tests.support.stores import Store
from tests.support.stripe_requests import CheckedTransport
from tests.support.stripe_world import StripeWorld

RETURN_URL = "https://tailtribe.test/caregiver/payouts"


SANDBOXES = ["sqlite_store", "postgres_store", "sqlite_store guarded"]


@pytest.fixture
async def played_stripe() -> AsyncIterator[ConnectedAccounts]:
    with FaultServer() as server:
        server.always = StripeWorld()
        calls = StripeCalls("sk_test_1", api_base=server.url, transport=CheckedTransport())
        yield StripeConnectedAccounts(calls)
        await calls.close()


@pytest.fixture(params=[*SANDBOXES, "played_stripe"])
def accounts(request: pytest.FixtureRequest) -> ConnectedAccounts:
    name, _, guarded = request.param.partition(" ")
    found: ConnectedAccounts | Store = request.getfixturevalue(name)
    if not isinstance(found, Store):
        return found
    sandbox = SandboxConnectedAccounts(found.database, clock=found.clock, ids=found.ids)
    return GuardedConnectedAccounts(sandbox, payments_breaker()) if guarded else sandbox


async def create(accounts: ConnectedAccounts, *, key: str = "acct:1", country: str = "BE") -> ConnectedAccount:
    return await accounts.create(country=country, idempotency_key=key)


async def test_an_account_is_read_as_it_was_made(accounts: ConnectedAccounts) -> None:
    made = await create(accounts)
    assert await accounts.retrieve(made.id) == made


@pytest.mark.parametrize("accounts", SANDBOXES, indirect=True)
async def test_the_sandbox_asks_for_no_papers(accounts: ConnectedAccounts) -> None:
    assert (await create(accounts)).can_receive_transfers


async def test_the_same_key_answers_the_same_account(accounts: ConnectedAccounts) -> None:
    made = await asyncio.gather(*(create(accounts) for _ in range(12)))
    assert len({account.id for account in made}) == 1
    assert (await create(accounts, key="acct:2")).id != made[0].id


async def test_a_key_used_for_another_country_is_refused(accounts: ConnectedAccounts) -> None:
    await create(accounts)
    with pytest.raises(PaymentRefused):
        await create(accounts, country="NL")


async def test_an_unknown_account_is_refused(accounts: ConnectedAccounts) -> None:
    with pytest.raises(PaymentRefused):
        await accounts.retrieve("nothing")
    with pytest.raises(PaymentRefused):
        await accounts.onboarding_link("nothing", return_url=RETURN_URL)


async def test_there_is_a_link_as_often_as_one_asks(accounts: ConnectedAccounts) -> None:
    made = await create(accounts)
    for _ in range(2):
        assert (await accounts.onboarding_link(made.id, return_url=RETURN_URL)).startswith("https://")


@pytest.mark.parametrize("accounts", SANDBOXES, indirect=True)
async def test_the_link_of_the_sandbox_leads_straight_back(accounts: ConnectedAccounts) -> None:
    made = await create(accounts)
    assert await accounts.onboarding_link(made.id, return_url=RETURN_URL) == RETURN_URL
