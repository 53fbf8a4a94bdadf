from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.account import AccountChanges
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAccount:
    """Changes what the caller says of himself. Raises InvalidInput naming the field."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, actor: Actor, changes: AccountChanges) -> None:
        if not changes:
            return
        async with self.unit_of_work() as uow:
            account = await uow.accounts.get(actor.account_id)
            account.change_details(changes, at=self.clock.now())
            await uow.accounts.save(account)
