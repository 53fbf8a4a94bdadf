"""What owners see of their pets."""

from abc import abstractmethod
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from domain.pets.pet import Animal, AnimalSize, PetId, PetSex
from domain.shared.actor import AccountId


class PetView(Struct, frozen=True, kw_only=True, rename="camel"):
    id: UUID
    name: str
    animal: Animal
    animal_name: str | None
    size: AnimalSize
    breed: str | None
    birth_date: date | None
    weight_kg: float | None
    sex: PetSex | None
    neutered: bool | None
    medical: str | None
    behaviour: str | None
    chip_number: str | None
    vet: str | None
    created_at: datetime


class PetQueries(Protocol):
    """Reads of pets without a transaction; deleted ones are not there."""

    @abstractmethod
    async def of_owner(
        self, owner_id: AccountId, *, limit: int, after: UUID | None
    ) -> tuple[list[PetView], UUID | None]:
        """A page, oldest first, and the id behind which the next one begins."""
        ...

    @abstractmethod
    async def one(self, pet_id: PetId, *, owner_id: AccountId) -> PetView:
        """Raises PetNotFound, also for somebody else's."""
        ...
