"""An admin lets a caregiver appear."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.shared.actor import Actor, CaregiverId


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveCaregiver:
    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, admin: Actor, caregiver_id: CaregiverId) -> None:
        async with self.unit_of_work() as uow:
            caregiver = await uow.caregivers.get(caregiver_id)
            caregiver.approve(by=admin, at=self.clock.now())
            await uow.caregivers.save(caregiver)
            await uow.audit.record(admin_id=admin.account_id, action="caregivers.approve", subject_id=caregiver_id)
