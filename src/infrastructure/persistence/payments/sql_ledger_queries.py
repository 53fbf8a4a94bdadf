"""What the ledger says, straight from SQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, func, select, union

from application.ports.ledger_queries import BookingOff, LedgerQueries
from domain.payments.ledger import SALES, LedgerAccount, TransactionKind
from domain.shared.money import Money
from infrastructure.persistence.bookings.booking_tables import bookings
from infrastructure.persistence.database import Database
from infrastructure.persistence.payments.ledger_tables import ledger_postings, ledger_transactions

_P, _T = ledger_postings.c, ledger_transactions.c
# Known from the provider's books alone, or of no concern to them.
_NOT_COMPARED = [TransactionKind.FEE.value, TransactionKind.BANKED.value]
IS_SALE = _T.kind.in_(sorted(kind.value for kind in SALES))


def gained(*accounts: LedgerAccount) -> ColumnElement[int]:
    """The sum of debits less credits of the accounts, as whole cents."""
    names = [account.value for account in accounts]
    came, went = (case((side.in_(names), _P.amount_cents), else_=0) for side in (_P.debit, _P.credit))
    return cast(func.coalesce(func.sum(came - went), 0), BigInteger)


JOINED = ledger_postings.join(ledger_transactions, _T.id == _P.transaction_id)
# What was sold is what the platform and the caregivers gained.
SOLD = -gained(LedgerAccount.COMMISSION, LedgerAccount.EARNINGS)


class SqlLedgerQueries(LedgerQueries):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def balances(self) -> Mapping[LedgerAccount, Money]:
        columns = [gained(account).label(account.value) for account in LedgerAccount]
        row = (await self._rows(select(*columns).select_from(ledger_postings)))[0]
        return {account: Money(int(getattr(row, account.value))) for account in LedgerAccount}

    async def at_provider(self, references: Collection[str]) -> Mapping[str, Money]:
        return await self._at_provider(_T.reference.in_(references))

    async def at_provider_between(self, since: datetime, until: datetime) -> Mapping[str, Money]:
        return await self._at_provider(_T.at >= since, _T.at < until, _T.kind.not_in(_NOT_COMPARED))

    async def _at_provider(self, *conditions: ColumnElement[bool]) -> Mapping[str, Money]:
        provider = LedgerAccount.PROVIDER
        concerned = (_P.debit == provider.value) | (_P.credit == provider.value)
        statement = (
            select(_T.reference, gained(provider).label("cents"))
            .select_from(JOINED)
            .where(*conditions, concerned)
            .group_by(_T.reference)
        )
        return {row.reference: Money(int(row.cents)) for row in await self._rows(statement)}

    async def bookings_off(self, since: datetime) -> Sequence[BookingOff]:
        posted = select(_T.booking_id.label("id")).where(_T.at >= since, _T.booking_id.is_not(None))
        paid = select(bookings.c.id).where(bookings.c.paid_at >= since)
        touched = union(posted, paid).subquery()
        by_ledger = (
            select(SOLD)
            .select_from(JOINED)
            .where(_T.booking_id == bookings.c.id, IS_SALE)
            .correlate(bookings)
            .scalar_subquery()
        )
        kept = bookings.c.captured_cents - bookings.c.refunded_cents
        told = (
            select(bookings.c.id, kept.label("by_booking"), by_ledger.label("by_ledger"))
            .join(touched, touched.c.id == bookings.c.id)
            .subquery()
        )
        rows = await self._rows(select(told).where(told.c.by_booking != told.c.by_ledger))
        return [
            BookingOff(booking_id=row.id, by_booking=Money(int(row.by_booking)), by_ledger=Money(int(row.by_ledger)))
            for row in rows
        ]

    async def _rows(self, statement: Any) -> Sequence[Any]:
        async with self._database.read() as connection:
            return (await connection.execute(statement)).all()
