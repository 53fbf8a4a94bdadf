"""A provider that refuses a payout account is an answer to the caregiver, and no mistake of ours."""

from dataclasses import replace

import pytest

from application.caregivers.open_payout_account import OpenPayoutAccount, PayoutAccountNotPossible
from domain.shared.errors import Conflict
from domain.shared.languages import Country
from tests.support.booking_world import BookingWorld
from tests.support.builders import CAREGIVER, a_caregiver


@pytest.fixture
def open_account(world: BookingWorld) -> OpenPayoutAccount:
    return OpenPayoutAccount(
        unit_of_work=world.unit_of_work,
        connected_accounts=world.connected_accounts,
        return_url="https://tailtribe.test/payout-account",
    )


async def set_profile(world: BookingWorld, *, payout_account_id: str | None, country: Country) -> None:
    async with world.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(a_caregiver().id, for_update=True)
        await uow.caregivers.save(replace(caregiver, payout_account_id=payout_account_id, country=country))


async def test_an_account_the_provider_does_not_know_is_a_conflict(
    world: BookingWorld, open_account: OpenPayoutAccount
) -> None:
    await set_profile(world, payout_account_id="acct_of_another_provider", country=Country.BE)
    with pytest.raises(PayoutAccountNotPossible):
        await open_account.execute(actor=CAREGIVER)


async def test_an_account_opened_for_another_country_is_a_conflict(
    world: BookingWorld, open_account: OpenPayoutAccount
) -> None:
    await set_profile(world, payout_account_id=None, country=Country.BE)
    await open_account.execute(actor=CAREGIVER)
    # The answer was lost before it was recorded, and the caregiver moved.
    await set_profile(world, payout_account_id=None, country=Country.NL)
    with pytest.raises(Conflict):
        await open_account.execute(actor=CAREGIVER)
