"""An admin gives a dependency a rest."""

from dataclasses import dataclass

from application.ports.circuit_breakers import CircuitBreakers
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.shared.actor import Actor, require_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceCircuitBreakerOpen:
    """Nothing is sent to the dependency for so many minutes; then it is probed as after any failure."""

    circuit_breakers: CircuitBreakers
    unit_of_work: UnitOfWorkFactory

    async def execute(self, *, admin: Actor, name: str, reason: str, minutes: int) -> None:
        """`name` or `all`. Raises UnknownBreaker."""
        require_admin(admin)
        await self.circuit_breakers.force_open(name, reason, minutes * 60)
        async with self.unit_of_work() as uow:
            await uow.audit.record(
                admin_id=admin.account_id,
                action="circuit_breakers.force_open",
                subject_id=None,
                reason=f"{name} for {minutes} min: {reason}",
            )
