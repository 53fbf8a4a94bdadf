"""A caregiver looks at his own calendar rules."""

from dataclasses import dataclass

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.availability.availability import Availability
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAvailability:
    unit_of_work: UnitOfWorkFactory

    async def execute(self, *, account: Actor) -> Availability:
        async with self.unit_of_work.reading() as uow:
            caregiver = await uow.caregivers.of_account(account.account_id)
            if caregiver is None:
                raise CaregiverNotFound
            return await uow.caregivers.availability(caregiver.id)
