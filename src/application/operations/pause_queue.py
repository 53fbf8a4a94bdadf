"""An admin or the operator stops a queue for a while."""

from dataclasses import dataclass

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.operations.job import QueueName
from domain.shared.actor import Actor, require_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseQueue:
    """Its jobs wait, also those whose messages are on their way; running ones end. Twice changes nothing."""

    unit_of_work: UnitOfWorkFactory

    async def execute(self, *, admin: Actor | None, queue: QueueName) -> None:
        """Without an admin it is the operator who acts, by command."""
        require_admin(admin)
        async with self.unit_of_work() as uow:
            if not await uow.jobs.pause(queue):
                return
            await uow.audit.record(
                admin_id=None if admin is None else admin.account_id,
                action="queues.pause",
                subject_id=None,
                reason=queue.value,
            )
