"""An owner tells about a new animal."""

from dataclasses import dataclass
from datetime import date

from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.pets.pet import Animal, AnimalSize, Pet, PetId, PetSex
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class PetDetails:
    """What an owner says about a pet; `weight_grams` in grams."""

    name: str
    animal: Animal
    size: AnimalSize
    animal_name: str | None = None
    breed: str | None = None
    birth_date: date | None = None
    weight_grams: int | None = None
    sex: PetSex | None = None
    neutered: bool | None = None
    medical: str | None = None
    behaviour: str | None = None
    chip_number: str | None = None
    vet: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPet:
    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids

    async def execute(self, *, owner: Actor, details: PetDetails) -> PetId:
        now = self.clock.now()
        pet = Pet(
            id=PetId(self.ids.new()),
            owner_id=owner.account_id,
            created_at=now,
            **{field: getattr(details, field) for field in details.__slots__},
        )
        pet.check(today=now.date())
        async with self.unit_of_work() as uow:
            await uow.pets.add(pet)
        return pet.id
