"""What the pet repository promises, on both databases."""

from dataclasses import MISSING, fields, replace
from datetime import date, timedelta

import pytest

from domain.pets.pet import Animal, AnimalSize, Pet, PetId, PetNotFound, PetSex
from infrastructure.persistence.pets.pet_tables import pets
from infrastructure.persistence.pets.sql_pet_queries import SqlPetQueries
from tests.support.builders import NOW, OWNER, STRANGER, a_pet, identified
from tests.support.stores import PETS, Store


def a_pet_with_everything() -> Pet:
    pet = replace(
        a_pet("Kaa 🐍 d'Été"),
        animal=Animal.OTHER,
        size=AnimalSize.XL,
        animal_name="Python",
        breed="Royal",
        birth_date=date(2020, 2, 29),
        weight_grams=12_345,
        sex=PetSex.FEMALE,
        neutered=False,
        medical="None",
        behaviour="Calm; bites",
        chip_number="985112003456789",
        vet="Dr. Vos",
        created_at=NOW + timedelta(microseconds=7),
        version=3,
    )
    unset = [
        field.name
        for field in fields(Pet)
        if field.name != "deleted_at" and field.default is not MISSING and getattr(pet, field.name) == field.default
    ]
    assert unset == [], "the test has to give a field that was added a value"
    return pet


async def test_every_field_comes_back_as_it_was_added(peopled: Store) -> None:
    pet = a_pet_with_everything()
    async with peopled.unit_of_work() as uow:
        await uow.pets.add(pet)
    async with peopled.unit_of_work() as uow:
        assert await uow.pets.get(pet.id, owner_id=OWNER.account_id) == pet


async def test_every_field_that_changes_comes_back_as_it_was_saved(peopled: Store) -> None:
    changed = replace(a_pet_with_everything(), id=PETS[0].id, version=0)
    async with peopled.unit_of_work() as uow:
        await uow.pets.save(changed)
    async with peopled.unit_of_work() as uow:
        assert await uow.pets.get(changed.id, owner_id=OWNER.account_id) == changed
        emptied = replace(PETS[0], version=changed.version)
        await uow.pets.save(emptied)
        assert await uow.pets.get(changed.id, owner_id=OWNER.account_id) == emptied


async def test_pets_come_in_the_order_they_were_asked_for(peopled: Store) -> None:
    wanted = [PETS[at].id for at in (3, 0, 4, 1)]
    async with peopled.unit_of_work() as uow:
        assert [pet.id for pet in await uow.pets.get_many(wanted, owner_id=OWNER.account_id)] == wanted


async def test_one_pet_that_is_missing_spoils_the_answer(peopled: Store) -> None:
    for missing in (PetId(identified("no pet")),):
        with pytest.raises(PetNotFound):
            async with peopled.unit_of_work() as uow:
                await uow.pets.get_many([PETS[0].id, missing], owner_id=OWNER.account_id)


async def test_somebody_elses_pet_is_not_found(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        with pytest.raises(PetNotFound):
            await uow.pets.get(PETS[0].id, owner_id=STRANGER.account_id)
        with pytest.raises(PetNotFound):
            await uow.pets.get_many([pet.id for pet in PETS[:2]], owner_id=STRANGER.account_id)


async def test_a_deleted_pet_is_not_found_and_still_kept(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        pet = await uow.pets.get(PETS[0].id, owner_id=OWNER.account_id)
        pet.delete(at=NOW)
        await uow.pets.save(pet)
    async with peopled.unit_of_work() as uow:
        with pytest.raises(PetNotFound):
            await uow.pets.get(pet.id, owner_id=OWNER.account_id)
    assert len(await peopled.rows(pets)) == len(PETS)
    with pytest.raises(PetNotFound):
        await SqlPetQueries(peopled.database).one(pet.id, owner_id=OWNER.account_id)


async def test_an_owners_pets_are_paged_without_gap_or_repetition(peopled: Store) -> None:
    queries = SqlPetQueries(peopled.database)
    shown: list[object] = []
    after = None
    while True:
        page, after = await queries.of_owner(OWNER.account_id, limit=2, after=after)
        assert 1 <= len(page) <= 2
        shown += [view.id for view in page]
        if after is None:
            break
    assert shown == sorted(pet.id for pet in PETS)
    assert await queries.of_owner(STRANGER.account_id, limit=2, after=None) == ([], None)


async def test_a_page_shows_every_fact_of_a_pet(peopled: Store) -> None:
    pet = a_pet_with_everything()
    async with peopled.unit_of_work() as uow:
        await uow.pets.add(pet)
    view = await SqlPetQueries(peopled.database).one(pet.id, owner_id=OWNER.account_id)
    assert view.weight_kg == pytest.approx(12.345)
    for name in view.__struct_fields__:
        if name != "weight_kg":
            assert getattr(view, name) == getattr(pet, name), name
    with pytest.raises(PetNotFound):
        await SqlPetQueries(peopled.database).one(pet.id, owner_id=STRANGER.account_id)
