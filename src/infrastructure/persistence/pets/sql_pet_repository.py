"""Pets in SQL."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from application.ports.pet_repository import PetRepository
from domain.pets.pet import Animal, AnimalSize, Pet, PetId, PetNotFound, PetSex
from domain.shared.actor import AccountId
from infrastructure.persistence.many_ids import statement_of_ids
from infrastructure.persistence.pets.pet_tables import pets
from infrastructure.persistence.transaction import Transaction

_OF_OWNER = statement_of_ids(
    lambda is_among: select(pets).where(
        is_among(pets.c.id), pets.c.owner_id == bindparam("owner_id"), pets.c.deleted_at.is_(None)
    )
)
_COLUMNS = tuple(field.name for field in fields(Pet))


class SqlPetRepository(PetRepository):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def get(self, pet_id: PetId, *, owner_id: AccountId) -> Pet:
        return (await self.get_many([pet_id], owner_id=owner_id))[0]

    async def get_many(self, pet_ids: Collection[PetId], *, owner_id: AccountId) -> Sequence[Pet]:
        statement = _OF_OWNER.on(self._transaction.connection)
        rows = await self._transaction.all(statement, {"ids": list(pet_ids), "owner_id": owner_id})
        found = {row.id: from_row(row) for row in rows}
        if len(found) < len(set(pet_ids)):
            raise PetNotFound
        return [found[pet_id] for pet_id in pet_ids]

    async def add(self, pet: Pet) -> None:
        await self._transaction.execute(pets.insert().values(to_row(pet)))

    async def save(self, pet: Pet) -> None:
        statement = update(pets).where(pets.c.id == pet.id, pets.c.version == pet.version)
        pet.version += 1
        await self._transaction.save_version(statement.values(to_row(pet)))


def to_row(pet: Pet) -> dict[str, Any]:
    return {column: getattr(pet, column) for column in _COLUMNS}


def from_row(row: Row[Any]) -> Pet:
    values = {column: getattr(row, column) for column in _COLUMNS}
    values |= {"animal": Animal(row.animal), "size": AnimalSize(row.size), "sex": PetSex(row.sex) if row.sex else None}
    return Pet(**values)
