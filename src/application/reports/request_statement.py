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
    """Has a job make it; answers the job's id."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, caregiver: Actor, month: str) -> UUID:
        """Raises CaregiverNotFound and MonthNotBegun."""
        if caregiver.caregiver_id is None:
            raise CaregiverNotFound
        first = first_day(month, now=self.clock.now())
        async with self.unit_of_work() as uow:
            job_id = await uow.jobs.enqueue(
                MAKE_STATEMENT,
                {"caregiver_id": str(caregiver.caregiver_id), "month": f"{first:%Y-%m}"},
                queue="reports",
                requester_id=caregiver.account_id,
            )
        if job_id is None:
            raise ValueError("a job without a key was refused")
        return job_id
