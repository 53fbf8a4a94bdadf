"""An admin has found out where a difference comes from."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.payments.difference import DifferenceId
from domain.shared.actor import Actor, require_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class DismissDifference:
    """Takes it off the list, with the reason in the audit log. It comes back with other
    amounts only."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, admin: Actor, difference_id: DifferenceId, reason: str) -> None:
        """Raises DifferenceNotFound and DifferenceGone."""
        require_admin(admin)
        async with self.unit_of_work() as uow:
            difference = await uow.reconciliation.get(difference_id)
            difference.dismiss(at=self.clock.now())
            await uow.reconciliation.save(difference)
            await uow.audit.record(
                admin_id=admin.account_id, action="reconciliation.dismiss", subject_id=difference.id, reason=reason
            )
