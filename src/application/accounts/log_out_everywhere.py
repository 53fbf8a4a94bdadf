from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOutEverywhere:
    """Ends every session of the caller, this one included."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, actor: Actor) -> None:
        async with self.unit_of_work() as uow:
            await uow.sessions.revoke_all(actor.account_id, at=self.clock.now())
