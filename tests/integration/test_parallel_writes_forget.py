"""Two write at once what is shown of a caregiver: together they forget all that became untrue."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from application.cache_tags import Presence, caregiver_tag, tags_of_everything_shown
from domain.accounts.account import Account
from domain.caregivers.caregiver_profile import CaregiverStatus
from tests.support.builders import ADMIN, CAREGIVER, NOW, a_caregiver
from tests.support.stores import Store

ID = a_caregiver().id


async def _change_account(store: Store, change: Callable[[Account], None]) -> None:
    async with store.unit_of_work() as uow:
        account = await uow.accounts.get(CAREGIVER.account_id)
        change(account)
        await uow.accounts.save(account)


def _suspend(account: Account) -> None:
    account.suspend(by=ADMIN, reason="tests", at=NOW)


def _rename(account: Account) -> None:
    account.first_name = "Zoë"


async def test_who_is_suspended_while_he_is_approved_is_forgotten_by_both(postgres_store: Store) -> None:
    store = postgres_store
    await store.people()
    async with store.unit_of_work() as uow:
        pending = await uow.caregivers.get(ID)
        pending.status = CaregiverStatus.PENDING
        await uow.caregivers.save(pending)
    store.forgotten.clear()
    async with store.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(ID)
        caregiver.approve(by=ADMIN, at=NOW)
        await uow.caregivers.save(caregiver)
        suspending = asyncio.create_task(_change_account(store, _suspend))
        await store.until_lock_waits()
    await suspending
    assert len(store.forgotten) == 2
    assert all(caregiver_tag(ID) in tags for tags in store.forgotten)


async def test_who_is_renamed_while_he_moves_is_forgotten_where_he_went(postgres_store: Store) -> None:
    store = postgres_store
    await store.people()
    async with store.unit_of_work() as uow:
        moved = await uow.caregivers.get(ID)
        await uow.caregivers.save(replace(moved, lat=52.37403, lng=4.88969))
        renaming = asyncio.create_task(_change_account(store, _rename))
        await store.until_lock_waits()
    await renaming
    there = Presence(
        lat=52.37403,
        lng=4.88969,
        action_radius_km=moved.action_radius_km,
        country=moved.country,
        services=frozenset(offer.service for offer in moved.offers),
    )
    # Who committed first may be the second to tell.
    assert tags_of_everything_shown(ID, there) in store.forgotten
