"""What every connected-accounts adapter promises. Here: the sandbox, bare and guarded, on both databases."""

import asyncio

import pytest

from application.ports.connected_accounts import ConnectedAccount, ConnectedAccounts
from application.ports.payments import PaymentRefused
from infrastructure.payments.sandbox_accounts import SandboxConnectedAccounts
from infrastructure.persistence.payments.sandbox_tables import sandbox_accounts
from infrastructure.resilience.guarded_connected_accounts import GuardedConnectedAccounts
from infrastructure.resilience.guarded_payments import payments_breaker
from tests.support.stores import Store

RETURN_URL = "https://tailtribe.test/caregiver/payouts"


@pytest.fixture(params=["bare", "guarded"])
def accounts(request: pytest.FixtureRequest, store: Store) -> ConnectedAccounts:
    sandbox = SandboxConnectedAccounts(store.database, clock=store.clock, ids=store.ids)
    return GuardedConnectedAccounts(sandbox, payments_breaker()) if request.param == "guarded" else sandbox


async def create(accounts: ConnectedAccounts, *, key: str = "acct:1", country: str = "BE") -> ConnectedAccount:
    return await accounts.create(email="bart@example.org", country=country, idempotency_key=key)


async def test_an_account_is_read_as_it_was_made(accounts: ConnectedAccounts) -> None:
    made = await create(accounts)
    assert await accounts.retrieve(made.id) == made
    assert made.can_receive_transfers, "the sandbox asks for no papers"


async def test_the_same_key_answers_the_same_account(accounts: ConnectedAccounts) -> None:
    made = await asyncio.gather(*(create(accounts) for _ in range(12)))
    assert len({account.id for account in made}) == 1
    assert (await create(accounts, key="acct:2")).id != made[0].id


async def test_a_changed_address_is_no_other_account(accounts: ConnectedAccounts) -> None:
    made = await create(accounts)
    again = await accounts.create(email="other@example.org", country="BE", idempotency_key="acct:1")
    assert again == made


async def test_a_key_used_for_another_country_is_refused(accounts: ConnectedAccounts) -> None:
    await create(accounts)
    with pytest.raises(PaymentRefused):
        await create(accounts, country="NL")


async def test_an_unknown_account_is_refused(accounts: ConnectedAccounts) -> None:
    with pytest.raises(PaymentRefused):
        await accounts.retrieve("nothing")
    with pytest.raises(PaymentRefused):
        await accounts.onboarding_link("nothing", return_url=RETURN_URL)


async def test_the_link_leads_back_to_where_it_was_asked_for(accounts: ConnectedAccounts) -> None:
    made = await create(accounts)
    assert await accounts.onboarding_link(made.id, return_url=RETURN_URL) == RETURN_URL


async def test_no_personal_data_is_kept(accounts: ConnectedAccounts, store: Store) -> None:
    await create(accounts)
    (row,) = await store.rows(sandbox_accounts)
    assert not any("bart" in str(value) for value in row.values())
