"""An admin or the operator lets a queue go on."""

from dataclasses import dataclass

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.operations.job import QueueName
from domain.shared.actor import Actor, require_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeQueue:
    """What waits is sent again at once. A queue that is not paused stays as it is."""

    unit_of_work: UnitOfWorkFactory

    async def execute(self, *, admin: Actor | None, queue: QueueName) -> None:
        """Without an admin it is the operator who acts, by command."""
        require_admin(admin)
        async with self.unit_of_work() as uow:
            if not await uow.jobs.resume(queue):
                return
            await uow.audit.record(
                admin_id=None if admin is None else admin.account_id,
                action="queues.resume",
                subject_id=None,
                reason=queue.value,
            )
