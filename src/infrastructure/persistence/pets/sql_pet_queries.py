"""Pets as their owners see them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from application.ports.pet_queries import PetQueries, PetView
from domain.pets.pet import Animal, AnimalSize, PetId, PetNotFound, PetSex
from domain.shared.actor import AccountId
from infrastructure.persistence.database import Database
from infrastructure.persistence.pets.pet_tables import pets


class SqlPetQueries(PetQueries):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_owner(
        self, owner_id: AccountId, *, limit: int, after: UUID | None
    ) -> tuple[list[PetView], UUID | None]:
        statement = _alive(owner_id).order_by(pets.c.id).limit(limit + 1)
        if after is not None:
            statement = statement.where(pets.c.id > after)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        shown = [_view(row) for row in rows[:limit]]
        return shown, shown[-1].id if len(rows) > limit else None

    async def one(self, pet_id: PetId, *, owner_id: AccountId) -> PetView:
        async with self._database.read() as connection:
            row = (await connection.execute(_alive(owner_id).where(pets.c.id == pet_id))).first()
        if row is None:
            raise PetNotFound
        return _view(row)


def _alive(owner_id: AccountId) -> Any:
    return select(pets).where(pets.c.owner_id == owner_id, pets.c.deleted_at.is_(None))


def _view(row: Row[Any]) -> PetView:
    return PetView(
        id=row.id,
        name=row.name,
        animal=Animal(row.animal),
        animal_name=row.animal_name,
        size=AnimalSize(row.size),
        breed=row.breed,
        birth_date=row.birth_date,
        weight_kg=None if row.weight_grams is None else row.weight_grams / 1000,
        sex=PetSex(row.sex) if row.sex else None,
        neutered=row.neutered,
        medical=row.medical,
        behaviour=row.behaviour,
        chip_number=row.chip_number,
        vet=row.vet,
        created_at=row.created_at,
    )
