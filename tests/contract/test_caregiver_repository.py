"""What the caregiver repository promises, on both databases."""

import asyncio
from dataclasses import MISSING, fields, replace
from datetime import date, timedelta

import pytest

from application.ports.unit_of_work import StaleVersion
from domain.availability.availability import Availability
from domain.availability.open_hours import OpenHours
from domain.caregivers.caregiver_profile import (
    Badge,
    CancellationPolicy,
    CaregiverNotFound,
    CaregiverProfile,
    CaregiverStatus,
)
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize
from domain.shared.actor import CaregiverId
from domain.shared.languages import Country, Language
from domain.shared.period import AMSTERDAM, BRUSSELS
from infrastructure.persistence.outbox import outbox_events
from infrastructure.persistence.query_count import counted_queries
from tests.support.builders import (
    ADMIN,
    CAREGIVER,
    NOW,
    OWNER,
    a_caregiver,
    an_offer,
    identified,
    open_hours,
)
from tests.support.stores import Store

ID = a_caregiver().id


def a_caregiver_with_everything() -> CaregiverProfile:
    """No field has its default."""
    caregiver = replace(
        a_caregiver(),
        bio="Été 🐕 and\nmore",
        place="'s-Hertogenbosch",
        country=Country.NL,
        postal_code="5211 AA",
        lat=51.69917,
        lng=5.30417,
        action_radius_km=100,
        animals=frozenset(Animal),
        sizes=frozenset({AnimalSize.XL, AnimalSize.XS}),
        languages=frozenset(Language),
        offers=(
            an_offer(Service.PET_TRANSPORT, price="99.99", extra_pet_price="0.00", holiday_surcharge_percent=100),
            an_offer(Service.DOG_WALKING, price="0.01", extra_pet_price="0.01", holiday_surcharge_percent=1),
            an_offer(Service.PET_BOARDING, price="30.00"),
        ),
        cancellation_policy=CancellationPolicy.STRICT,
        created_at=NOW - timedelta(days=1, microseconds=1),
        time_zone=AMSTERDAM,
        max_animals_at_once=20,
        instant_book=True,
        photos=("z.jpg", "a.jpg", "m.jpg"),
        badges=frozenset({Badge.INSURED, Badge.GROOMING}),
        status=CaregiverStatus.REJECTED,
        rejection_reason="No photo of you",
        payout_account_id="acct_9",
        can_receive_transfers=True,
        email_verified=True,
        version=6,
    )
    untouched = [
        field.name
        for field in fields(CaregiverProfile)
        if field.default is not MISSING and getattr(caregiver, field.name) == field.default
    ]
    assert untouched == [], "the test has to give a field that was added a value"
    return caregiver


async def read(store: Store, caregiver_id: CaregiverId = ID) -> CaregiverProfile:
    async with store.unit_of_work() as uow:
        return await uow.caregivers.get(caregiver_id)


async def read_availability(store: Store) -> Availability:
    async with store.unit_of_work() as uow:
        return await uow.caregivers.availability(ID)


async def set_availability(store: Store, availability: Availability) -> Availability:
    async with store.unit_of_work() as uow:
        await uow.caregivers.save_availability(ID, availability)
    return await read_availability(store)


async def test_every_field_comes_back_as_it_was_saved(peopled: Store) -> None:
    full = replace(a_caregiver_with_everything(), version=0)
    async with peopled.unit_of_work() as uow:
        await uow.caregivers.save(full)
    assert full.version == 1
    assert await read(peopled) == full
    async with peopled.unit_of_work() as uow:
        assert await uow.caregivers.get(ID, for_update=True) == full
        assert await uow.caregivers.of_account(CAREGIVER.account_id) == full


async def test_every_field_comes_back_as_it_was_added(peopled: Store) -> None:
    full = replace(
        a_caregiver_with_everything(), id=CaregiverId(identified("new")), account_id=OWNER.account_id, events=[]
    )
    async with peopled.unit_of_work() as uow:
        await uow.caregivers.add(full)
    assert await read(peopled, full.id) == full


async def test_what_is_taken_away_is_gone(peopled: Store) -> None:
    full = replace(a_caregiver_with_everything(), version=0)
    async with peopled.unit_of_work() as uow:
        await uow.caregivers.save(full)
        plain = replace(
            full,
            animals=frozenset({Animal.CAT}),
            sizes=frozenset({AnimalSize.M}),
            languages=frozenset({Language.FR}),
            badges=frozenset(),
            photos=(),
            offers=(an_offer(Service.PET_SITTING),),
        )
        await uow.caregivers.save(plain)
    assert await read(peopled) == plain


async def test_a_save_writes_only_what_changed(peopled: Store) -> None:
    full = replace(a_caregiver_with_everything(), version=0)
    async with peopled.unit_of_work() as uow:
        await uow.caregivers.save(full)
    async with peopled.unit_of_work() as uow:
        changed = await uow.caregivers.get(ID, for_update=True)
        changed.bio = "Another text"
        with counted_queries() as of_text:
            await uow.caregivers.save(changed)
        changed.sizes = frozenset({AnimalSize.M})
        with counted_queries() as of_sizes:
            await uow.caregivers.save(changed)
    assert (of_text.count, of_sizes.count) == (1, 3), "the profile, then also the sizes that were and those that are"
    assert await read(peopled) == replace(full, bio="Another text", sizes=frozenset({AnimalSize.M}), version=3)


async def test_a_profile_follows_whether_its_holders_address_is_verified(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        account = await uow.accounts.get(CAREGIVER.account_id)
        account.email_verified_at = None
        await uow.accounts.save(account)
    assert not (await read(peopled)).email_verified


async def test_what_is_unknown_is_not_found(peopled: Store) -> None:
    nobody = CaregiverId(identified("nobody"))
    async with peopled.unit_of_work() as uow:
        for for_update in (False, True):
            with pytest.raises(CaregiverNotFound):
                await uow.caregivers.get(nobody, for_update=for_update)
        with pytest.raises(CaregiverNotFound):
            await uow.caregivers.availability(nobody)
        assert await uow.caregivers.of_account(OWNER.account_id) is None


async def test_hours_that_were_set_after_the_profile_was_read_are_those_that_hold(peopled: Store) -> None:
    late = Availability(time_zone=BRUSSELS, weekly={0: open_hours("18:00-22:00")}, minimum_notice_hours=3)
    async with peopled.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(ID, for_update=True)
        assert await uow.caregivers.availability(ID) == Availability.always_open(BRUSSELS)
        await uow.caregivers.save(replace(caregiver, time_zone=AMSTERDAM))
        assert await uow.caregivers.availability(ID) == Availability.always_open(AMSTERDAM)
        await uow.caregivers.get(ID)
        await uow.caregivers.save_availability(ID, late)
        assert await uow.caregivers.availability(ID) == late


async def test_availability_of_somebody_unknown_is_not_set(peopled: Store) -> None:
    with pytest.raises(CaregiverNotFound):
        async with peopled.unit_of_work() as uow:
            await uow.caregivers.save_availability(
                CaregiverId(identified("nobody")), Availability.always_open(BRUSSELS)
            )


async def test_what_happened_to_a_profile_is_told_with_it(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(ID)
        caregiver.submit(at=NOW)
        caregiver.approve(by=ADMIN, at=NOW)
        await uow.caregivers.save(caregiver)
    events = await peopled.rows(outbox_events)
    assert [event["name"] for event in events] == ["CaregiverSubmitted", "CaregiverApproved"]
    assert {event["aggregate_id"] for event in events} == {ID}


async def test_who_has_set_nothing_is_always_open(peopled: Store) -> None:
    assert await read_availability(peopled) == Availability.always_open(BRUSSELS)


async def test_availability_comes_back_as_it_was_set(peopled: Store) -> None:
    availability = Availability(
        time_zone=AMSTERDAM,
        weekly={
            0: open_hours("00:00-24:00"),
            1: open_hours("08:00-12:00", "12:00-12:01", "13:30-24:00"),
            6: open_hours("00:00-00:01", "23:59-24:00"),
        },
        exceptions={
            date(2026, 12, 25): (),
            date(2026, 12, 31): open_hours("10:00-24:00"),
            date(2027, 1, 1): open_hours("00:00-02:00", "20:00-24:00"),
            date(2028, 2, 29): (),
        },
        minimum_notice_hours=48,
        vacation_until=date(2026, 11, 30),
    )
    assert await set_availability(peopled, availability) == availability
    assert (await read_availability(peopled)).hours_on(date(2026, 12, 25)) == ()
    assert (await read_availability(peopled)).hours_on(date(2026, 12, 31)) == (OpenHours(600, 1440),)


async def test_hours_come_back_whatever_their_order(peopled: Store) -> None:
    day, evening_first = date(2026, 12, 31), open_hours("18:00-20:00", "08:00-10:00")
    availability = Availability(time_zone=BRUSSELS, weekly={2: evening_first}, exceptions={day: evening_first})
    kept = await set_availability(peopled, availability)
    assert kept.hours_on(day) == availability.hours_on(day)
    assert kept.hours_on(date(2026, 11, 4)) == availability.hours_on(date(2026, 11, 4)) != ()


async def test_setting_availability_replaces_what_was_set(peopled: Store) -> None:
    await set_availability(
        peopled,
        Availability(
            time_zone=BRUSSELS,
            weekly={0: open_hours("08:00-12:00")},
            exceptions={date(2026, 12, 25): ()},
            minimum_notice_hours=5,
            vacation_until=date(2026, 11, 30),
        ),
    )
    nothing = Availability(time_zone=BRUSSELS)
    assert await set_availability(peopled, nothing) == nothing
    assert (await read_availability(peopled)).hours_on(date(2026, 11, 9)) == ()


async def test_availability_belongs_to_one_caregiver(peopled: Store) -> None:
    await set_availability(peopled, Availability(time_zone=BRUSSELS))
    async with peopled.unit_of_work() as uow:
        other = await uow.caregivers.availability(CaregiverId(identified("other caregiver")))
    assert other == Availability.always_open(BRUSSELS)


async def test_saving_the_profile_leaves_the_availability_alone(peopled: Store) -> None:
    availability = Availability(time_zone=BRUSSELS, weekly={3: open_hours("09:00-10:00")}, minimum_notice_hours=3)
    await set_availability(peopled, availability)
    async with peopled.unit_of_work() as uow:
        await uow.caregivers.save(await uow.caregivers.get(ID))
    assert await read_availability(peopled) == availability


async def test_a_profile_read_before_the_availability_was_set_does_not_undo_it(peopled: Store) -> None:
    stale = await read(peopled)
    await set_availability(peopled, Availability(time_zone=AMSTERDAM))
    with pytest.raises(StaleVersion):
        async with peopled.unit_of_work() as uow:
            await uow.caregivers.save(stale)
    assert (await read_availability(peopled)).time_zone == AMSTERDAM


async def test_a_locked_caregiver_is_read_by_the_next_as_it_was_left(postgres_store: Store) -> None:
    store = postgres_store
    await store.people()
    seen: list[int] = []

    async def look() -> None:
        async with store.unit_of_work() as uow:
            seen.append((await uow.caregivers.get(ID, for_update=True)).max_animals_at_once)

    async with store.unit_of_work() as uow:
        caregiver = await uow.caregivers.get(ID, for_update=True)
        waiting = asyncio.create_task(look())
        await store.until_lock_waits()
        caregiver.max_animals_at_once = 7
        await uow.caregivers.save(caregiver)
        assert seen == []
    await waiting
    assert seen == [7]


async def test_locking_a_caregiver_holds_up_nobody_elses_bookings(postgres_store: Store) -> None:
    """The account behind the profile stays free, and so does every other caregiver."""
    store = postgres_store
    await store.people()
    async with store.unit_of_work() as uow:
        await uow.caregivers.get(ID, for_update=True)
        async with asyncio.timeout(60), store.unit_of_work() as other:
            await other.caregivers.get(CaregiverId(identified("other caregiver")), for_update=True)
            await other.accounts.save(await other.accounts.get(CAREGIVER.account_id))
