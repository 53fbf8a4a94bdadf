"""Fetching a finished report."""

from dataclasses import dataclass
from uuid import UUID

from application.ports.report_store import Report, ReportFormat
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowReport:
    unit_of_work: UnitOfWorkFactory

    async def execute(self, *, viewer: Actor, report_id: UUID, report_format: ReportFormat) -> Report:
        """Raises ReportNotFound, for a stranger's too."""
        async with self.unit_of_work.reading() as uow:
            return await uow.reports.get(report_id, report_format, holder_id=viewer.account_id)
