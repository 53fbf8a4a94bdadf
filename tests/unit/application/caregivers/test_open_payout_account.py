"""Letting a caregiver be paid."""

from dataclasses import replace

import pytest

from application.caregivers.open_payout_account import OpenPayoutAccount
from application.ports.payments import PaymentsUnavailable
from domain.caregivers.caregiver_profile import CaregiverNotFound, CaregiverProfile
from infrastructure.payments.sandbox_accounts import SandboxConnectedAccounts
from infrastructure.persistence.payments.sandbox_tables import sandbox_accounts
from tests.support.booking_world import BookingWorld
from tests.support.builders import CAREGIVER, OWNER


class NoLinks(SandboxConnectedAccounts):
    """Makes accounts, and is away when asked for a link."""

    async def onboarding_link(self, account_id: str, *, return_url: str) -> str:
        raise PaymentsUnavailable


@pytest.fixture
async def open_account(world: BookingWorld) -> OpenPayoutAccount:
    """For a caregiver who has no account yet."""
    async with world.unit_of_work() as uow:
        assert CAREGIVER.caregiver_id is not None
        caregiver = await uow.caregivers.get(CAREGIVER.caregiver_id, for_update=True)
        caregiver.payout_account_id = None
        caregiver.can_receive_transfers = False
        await uow.caregivers.save(caregiver)
    return OpenPayoutAccount(
        unit_of_work=world.unit_of_work,
        connected_accounts=world.connected_accounts,
        return_url="https://tailtribe.test/payout-account",
    )


async def profile(world: BookingWorld) -> CaregiverProfile:
    async with world.unit_of_work() as uow:
        caregiver = await uow.caregivers.of_account(CAREGIVER.account_id)
    assert caregiver is not None
    return caregiver


async def test_the_account_is_opened_once_and_may_receive_transfers(
    world: BookingWorld, open_account: OpenPayoutAccount
) -> None:
    for _ in range(2):
        assert (await open_account.execute(actor=CAREGIVER)).startswith("https://")
    (account,) = await world.rows(sandbox_accounts)
    caregiver = await profile(world)
    assert (caregiver.payout_account_id, caregiver.can_receive_transfers) == (account["id"], True)


async def test_an_account_is_not_lost_when_the_link_fails(world: BookingWorld, open_account: OpenPayoutAccount) -> None:
    away = NoLinks(world.database, clock=world.clock, ids=world.ids)
    with pytest.raises(PaymentsUnavailable):
        await replace(open_account, connected_accounts=away).execute(actor=CAREGIVER)
    assert (await profile(world)).can_receive_transfers
    await open_account.execute(actor=CAREGIVER)
    assert len(await world.rows(sandbox_accounts)) == 1


async def test_who_is_no_caregiver_gets_no_account(open_account: OpenPayoutAccount) -> None:
    with pytest.raises(CaregiverNotFound):
        await open_account.execute(actor=OWNER)
