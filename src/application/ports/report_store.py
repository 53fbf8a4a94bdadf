"""Finished reports, kept until they are fetched or a month old."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self
from uuid import UUID

from domain.shared.actor import AccountId
from domain.shared.errors import NotFound


class ReportNotFound(NotFound):
    title = "There is no such report"


class ReportFormat(StrEnum):
    PDF = "pdf"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        return {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}[self.value]

    @classmethod
    def of_file(cls, name: str) -> Self:
        """`statement.pdf` → pdf. Raises ReportNotFound."""
        stem, _, extension = name.partition(".")
        if stem != "statement" or extension not in (one.value for one in cls):
            raise ReportNotFound
        return cls(extension)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One file of the report `id`, which is that of the job that made it. `holder_id` is whose it is."""

    id: UUID
    holder_id: AccountId
    format: ReportFormat
    file_name: str
    content: bytes
    made_at: datetime


class ReportStore(Protocol):
    """The reports of a unit of work; checked by `tests/contract/test_statement_writer.py`."""

    @abstractmethod
    async def add(self, report: Report) -> None:
        """Nothing happens when that file is there: a job that runs again makes the same."""
        ...

    @abstractmethod
    async def get(self, report_id: UUID, report_format: ReportFormat, *, holder_id: AccountId) -> Report:
        """Raises ReportNotFound, for somebody else's too."""
        ...
