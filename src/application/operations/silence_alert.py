"""An admin knows of an alert and wants to hear no more of it for a while."""

from dataclasses import dataclass
from datetime import timedelta

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.operations.alert import AlertId
from domain.shared.actor import Actor, require_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceAlert:
    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, admin: Actor, alert_id: AlertId, minutes: int, reason: str) -> None:
        """Raises AlertNotFound, AlertHasEnded."""
        require_admin(admin)
        async with self.unit_of_work() as uow:
            alert = await uow.alerts.get(alert_id)
            alert.silence(until=self.clock.now() + timedelta(minutes=minutes), reason=reason)
            await uow.alerts.save([alert])
            await uow.audit.record(
                admin_id=admin.account_id,
                action="alerts.silence",
                subject_id=alert.id,
                reason=f"{alert.rule} for {minutes} min: {reason}",
            )
