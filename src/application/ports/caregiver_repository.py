"""Caregiver profiles and their availability, inside a unit of work."""

from abc import abstractmethod
from typing import Protocol

from domain.availability.availability import Availability
from domain.caregivers.caregiver_profile import CaregiverProfile
from domain.shared.actor import AccountId, CaregiverId


class CaregiverRepository(Protocol):
    """Keeps caregiver profiles. Saving one invalidates what the cache shows of it, after the commit."""

    @abstractmethod
    async def get(self, caregiver_id: CaregiverId, *, for_update: bool = False) -> CaregiverProfile:
        """`for_update` locks the caregiver until the unit of work ends: whatever occupies his time takes this lock
        first. Raises CaregiverNotFound."""
        ...

    @abstractmethod
    async def of_account(self, account_id: AccountId) -> CaregiverProfile | None:
        """The caller's own profile, locked like `for_update`."""
        ...

    @abstractmethod
    async def of_payout_account(self, payout_account_id: str) -> CaregiverProfile | None:
        """Locked like `for_update`."""
        ...

    @abstractmethod
    async def add(self, caregiver: CaregiverProfile) -> None: ...

    @abstractmethod
    async def save(self, caregiver: CaregiverProfile) -> None:
        """Raises StaleVersion when somebody else saved it since it was read."""
        ...

    @abstractmethod
    async def availability(self, caregiver_id: CaregiverId) -> Availability: ...

    @abstractmethod
    async def save_availability(self, caregiver_id: CaregiverId, availability: Availability) -> None: ...
