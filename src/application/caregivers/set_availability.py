"""A caregiver says when he takes bookings."""

from dataclasses import dataclass

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.availability.availability import Availability
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAvailability:
    unit_of_work: UnitOfWorkFactory

    async def execute(self, *, account: Actor, availability: Availability) -> None:
        """Bookings made before stay. Raises CaregiverNotFound for an account without a profile."""
        async with self.unit_of_work() as uow:
            caregiver = await uow.caregivers.of_account(account.account_id)
            if caregiver is None:
                raise CaregiverNotFound
            await uow.caregivers.save_availability(caregiver.id, availability)
