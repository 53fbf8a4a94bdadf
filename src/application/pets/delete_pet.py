"""An owner takes an animal off the list."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.pets.pet import PetId
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePet:
    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, owner: Actor, pet_id: PetId) -> None:
        async with self.unit_of_work() as uow:
            pet = await uow.pets.get(pet_id, owner_id=owner.account_id)
            pet.delete(at=self.clock.now())
            await uow.pets.save(pet)
