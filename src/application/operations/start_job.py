"""The operator does now what happens by the clock."""

from dataclasses import dataclass
from uuid import UUID

from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.operations.job import QueueName


@dataclass(frozen=True, slots=True, kw_only=True)
class StartJob:
    """Records a job of a kind that needs no input; answers its id. Audited, as the operator's act."""

    unit_of_work: UnitOfWorkFactory
    ids: Ids

    async def execute(self, *, kind: str, queue: QueueName) -> UUID:
        key = f"started:{self.ids.new()}"
        async with self.unit_of_work() as uow:
            job_id = await uow.jobs.enqueue(kind, {}, queue=queue.value, unique_key=key)
            if job_id is None:
                raise ValueError("a new key was taken")
            await uow.audit.record(admin_id=None, action="jobs.start", subject_id=job_id, reason=kind)
        return job_id
