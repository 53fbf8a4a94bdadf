"""Pets, inside a unit of work."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Protocol

from domain.pets.pet import Pet, PetId
from domain.shared.actor import AccountId


class PetRepository(Protocol):
    """Keeps pets. A deleted pet, or one of another owner, is PetNotFound."""

    @abstractmethod
    async def get(self, pet_id: PetId, *, owner_id: AccountId) -> Pet: ...

    @abstractmethod
    async def get_many(self, pet_ids: Collection[PetId], *, owner_id: AccountId) -> Sequence[Pet]:
        """The pets in the order asked for. Raises PetNotFound when one is missing or somebody else's."""
        ...

    @abstractmethod
    async def add(self, pet: Pet) -> None: ...

    @abstractmethod
    async def save(self, pet: Pet) -> None:
        """Raises StaleVersion when somebody else saved it since it was read."""
        ...
