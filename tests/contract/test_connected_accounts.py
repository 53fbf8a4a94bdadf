"""What every connected-accounts adapter promises. Here: the sandbox, bare and guarded, on both databases, and Stripe,
played."""

import asyncio

import pytest

from application.ports.connected_accounts import ConnectedAccount, ConnectedAccounts
from application.ports.payments import PaymentRefused
from tests.support.payment_providers import SANDBOXES, Provider

RETURN_URL = "https://tailtribe.test/caregiver/payouts"


@pytest.fixture
def accounts(provider: Provider) -> ConnectedAccounts:
    return provider.accounts


async def create(accounts: ConnectedAccounts, *, key: str = "acct:1", country: str = "BE") -> ConnectedAccount:
    return await accounts.create(country=country, idempotency_key=key)


async def test_an_account_is_read_as_it_was_made(accounts: ConnectedAccounts) -> None:
    made = await create(accounts)
    assert await accounts.retrieve(made.id) == made


@pytest.mark.parametrize("provider", SANDBOXES, indirect=True)
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


@pytest.mark.parametrize("provider", SANDBOXES, indirect=True)
async def test_the_link_of_the_sandbox_leads_straight_back(accounts: ConnectedAccounts) -> None:
    made = await create(accounts)
    assert await accounts.onboarding_link(made.id, return_url=RETURN_URL) == RETURN_URL
