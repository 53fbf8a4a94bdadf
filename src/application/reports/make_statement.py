"""Making the statement of a month."""

from dataclasses import dataclass
from uuid import UUID

from msgspec.structs import replace

from application.ports.clock import Clock
from application.ports.earnings_queries import EarningsQueries
from application.ports.mail_queries import MailQueries
from application.ports.report_store import Report, ReportFormat
from application.ports.statement_writer import Statement, StatementWriter
from application.ports.unit_of_work import UnitOfWorkFactory
from application.reports.statement_month import ZONE, first_day, period_of_month
from domain.payments.ledger import TransactionKind
from domain.shared.actor import CaregiverId
from domain.shared.money import Money

# They move what was earned between earnings and debts; together both stay the same.
_BETWEEN_OWN_ACCOUNTS = frozenset({TransactionKind.DEBT, TransactionKind.DEBT_NETTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeStatement:
    """Reads the ledger and keeps the files; runs as a job, any number of times."""

    unit_of_work: UnitOfWorkFactory
    earnings: EarningsQueries
    people: MailQueries
    writer: StatementWriter
    clock: Clock

    async def execute(self, *, job_id: UUID, caregiver_id: CaregiverId, month: str) -> None:
        now = self.clock.now()
        first = first_day(month, now=now)
        holder = (await self.people.caregiver(caregiver_id)).holder
        period = period_of_month(first)
        movements = [
            replace(movement, at=movement.at.astimezone(ZONE))
            for movement in await self.earnings.movements(caregiver_id, period)
            if movement.kind not in _BETWEEN_OWN_ACCOUNTS
        ]
        opening = await self.earnings.balance_before(caregiver_id, period.start)
        statement = Statement(
            caregiver_name=f"{holder.first_name} {holder.last_name}",
            language=holder.language,
            month=first,
            made_at=now.astimezone(ZONE),
            opening=opening,
            movements=tuple(movements),
            closing=opening + Money(sum(one.earned.amount_cents for one in movements)),
        )
        files = await self.writer.write(statement)
        async with self.unit_of_work() as uow:
            for report_format, content in files.items():
                await uow.reports.add(
                    Report(
                        id=job_id,
                        holder_id=holder.account_id,
                        format=report_format,
                        file_name=f"tailtribe-{first:%Y-%m}.{report_format.value}",
                        content=content,
                        made_at=now,
                    )
                )
            uow.jobs.finish_current(result_url=f"/api/reports/{job_id}/statement.{ReportFormat.PDF.value}")
