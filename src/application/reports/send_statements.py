"""The statements of the month that is over."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.earnings_queries import EarningsQueries
from application.ports.unit_of_work import UnitOfWorkFactory
from application.reports.statement_month import month_before, period_of_month

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SendStatements:
    """Asks for a mail to every caregiver whose earnings moved last month, which tells him of his statement; running it
    again asks for none twice."""

    unit_of_work: UnitOfWorkFactory
    earnings: EarningsQueries
    clock: Clock

    async def execute(self) -> int:
        first = month_before(self.clock.now())
        caregivers = await self.earnings.caregivers_with_movements(period_of_month(first))
        month = f"{first:%Y-%m}"
        for start in range(0, len(caregivers), _BATCH):
            async with self.unit_of_work() as uow:
                for caregiver_id in caregivers[start : start + _BATCH]:
                    await uow.jobs.enqueue(
                        "mail.send",
                        {"mail": "earnings_statement", "statement_of": str(caregiver_id), "month": month},
                        queue="mail",
                        unique_key=f"statement:{caregiver_id}:{month}",
                    )
        return len(caregivers)
