"""Reports in SQL."""

from uuid import UUID

from sqlalchemy import select

from application.ports.report_store import Report, ReportFormat, ReportNotFound, ReportStore
from domain.shared.actor import AccountId
from infrastructure.persistence.dialects import insert_or_ignore
from infrastructure.persistence.reports.report_tables import reports
from infrastructure.persistence.transaction import Transaction

_SAME = ("id", "holder_id", "file_name", "content", "made_at")


class SqlReportStore(ReportStore):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, report: Report) -> None:
        row = {name: getattr(report, name) for name in _SAME} | {"format": report.format.value}
        insert = insert_or_ignore(self._transaction.connection, reports, ["id", "format"])
        await self._transaction.execute(insert.values(row))

    async def get(self, report_id: UUID, report_format: ReportFormat, *, holder_id: AccountId) -> Report:
        r = reports.c
        mine = r.id == report_id, r.format == report_format.value, r.holder_id == holder_id
        row = await self._transaction.first(select(reports).where(*mine))
        if row is None:
            raise ReportNotFound
        return Report(**{name: getattr(row, name) for name in _SAME}, format=ReportFormat(row.format))
