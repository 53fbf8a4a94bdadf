"""Writing earnings statements as files."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from application.ports.earnings_queries import EarningsMovement
from application.ports.report_store import ReportFormat
from domain.shared.languages import Language
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A caregiver's month. `opening` and `closing` are what he was owed before and after, debts taken off; the
    movements lead from one to the other. Instants in the zone of `month`."""

    caregiver_name: str
    language: Language
    month: date
    made_at: datetime
    opening: Money
    movements: tuple[EarningsMovement, ...]
    closing: Money


class StatementWriter(Protocol):
    """Promises, checked by `tests/contract/test_statement_writer.py`: every movement and both balances are in each
    file; nothing that a caregiver's name contains breaks one. Whatever else runs goes on meanwhile."""

    @abstractmethod
    async def write(self, statement: Statement) -> Mapping[ReportFormat, bytes]: ...
