"""An admin closes a breaker by hand, or all of them."""

from dataclasses import dataclass

from application.ports.circuit_breakers import CircuitBreakers
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.shared.actor import Actor, require_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetCircuitBreaker:
    circuit_breakers: CircuitBreakers
    unit_of_work: UnitOfWorkFactory

    async def execute(self, *, admin: Actor, name: str) -> None:
        """`name` or `all`. Raises UnknownBreaker."""
        require_admin(admin)
        await self.circuit_breakers.reset(name)
        async with self.unit_of_work() as uow:
            await uow.audit.record(
                admin_id=admin.account_id, action="circuit_breakers.reset", subject_id=None, reason=name
            )
