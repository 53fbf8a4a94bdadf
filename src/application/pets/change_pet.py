"""An owner corrects what is known about an animal."""

from collections.abc import Mapping
from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.pets.pet import PetId
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePet:
    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, owner: Actor, pet_id: PetId, changes: Mapping[str, object]) -> None:
        """Sets the named fields of PetDetails and leaves the others alone."""
        async with self.unit_of_work() as uow:
            pet = await uow.pets.get(pet_id, owner_id=owner.account_id)
            for field, value in changes.items():
                setattr(pet, field, value)
            pet.check(today=self.clock.now().date())
            await uow.pets.save(pet)
