"""An admin or the operator decides that a dead job need not be done any more."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.operations.job import JobId
from domain.shared.actor import Actor, require_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class DropJob:
    """Without an admin it is the operator who acts, by command."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, admin: Actor | None, job_id: JobId, reason: str | None = None) -> None:
        """Raises JobNotFound or JobNotDead."""
        require_admin(admin)
        async with self.unit_of_work() as uow:
            job = await uow.jobs.get(job_id)
            job.drop(reason=reason, at=self.clock.now())
            await uow.jobs.save(job)
            await uow.audit.record(
                admin_id=None if admin is None else admin.account_id,
                action="jobs.drop",
                subject_id=job.id,
                reason=f"{job.kind}: {reason}" if reason else job.kind,
            )
