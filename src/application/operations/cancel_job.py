"""Who asked for a job, an admin or the operator no longer wants it."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.operations.job import JobId
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelJob:
    """Who runs it notices within two seconds. Without an actor it is the operator who cancels, by command."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, actor: Actor | None, job_id: JobId) -> None:
        """Raises JobNotFound or JobHasEnded."""
        async with self.unit_of_work() as uow:
            job = await uow.jobs.get(job_id)
            before = (job.status, job.cancel_requested_at)
            job.cancel(by=actor, at=self.clock.now())
            if (job.status, job.cancel_requested_at) == before:
                return
            await uow.jobs.save(job)
            if actor is None or actor.account_id != job.requester_id:
                await uow.audit.record(
                    admin_id=None if actor is None else actor.account_id,
                    action="jobs.cancel",
                    subject_id=job.id,
                    reason=job.kind,
                )
