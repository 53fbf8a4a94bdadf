"""A caregiver asks for the statement of a month."""

from dataclasses import dataclass
from uuid import UUID

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.reports.statement_month import first_day
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.shared.actor import Actor

MAKE_STATEMENT = "reports.statement"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStatement:
    """Has a job make it; answers the job's id. Whoever asks again while it waits or runs gets the same."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, caregiver: Actor, month: str) -> UUID:
        """Raises CaregiverNotFound and MonthNotBegun."""
        if caregiver.caregiver_id is None:
            raise CaregiverNotFound
        first = first_day(month, now=self.clock.now())
        payload = {"caregiver_id": str(caregiver.caregiver_id), "month": f"{first:%Y-%m}"}
        async with self.unit_of_work() as uow:
            # One request of his after the other.
            await uow.caregivers.get(caregiver.caregiver_id, for_update=True)
            waiting = await uow.jobs.open_of(MAKE_STATEMENT, requester_id=caregiver.account_id)
            for job_id, open_payload in waiting.items():
                if open_payload == payload:
                    return job_id
            job_id = await uow.jobs.enqueue(MAKE_STATEMENT, payload, queue="reports", requester_id=caregiver.account_id)
        if job_id is None:
            raise ValueError("a job without a key was refused")
        return job_id
