"""The ledger in SQL."""

from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from application.ports.ledger import Ledger
from domain.bookings.booking_life import BookingId
from domain.payments.ledger import LedgerAccount, LedgerTransaction
from domain.shared.actor import CaregiverId
from domain.shared.money import Money
from infrastructure.persistence.dialects import insert_or_ignore
from infrastructure.persistence.payments.ledger_tables import ledger_postings, ledger_transactions
from infrastructure.persistence.transaction import Transaction

_ADD_POSTINGS = ledger_postings.insert()


class SqlLedger(Ledger):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def post(self, transaction: LedgerTransaction) -> bool:
        insert = insert_or_ignore(self._transaction.connection, ledger_transactions, ["reference"])
        inserted = await self._transaction.execute(insert, transaction_row(transaction))
        if inserted.rowcount != 1:
            return False
        await self._transaction.execute(_ADD_POSTINGS, posting_rows(transaction))
        return True

    async def losses_of(self, booking_id: BookingId) -> Money:
        return await self._balance(LedgerAccount.LOSSES, ledger_transactions.c.booking_id == booking_id)

    async def debt_of(self, caregiver_id: CaregiverId) -> Money:
        return await self._balance(LedgerAccount.CAREGIVER_DEBT, ledger_transactions.c.caregiver_id == caregiver_id)

    async def _balance(self, account: LedgerAccount, condition: ColumnElement[bool]) -> Money:
        p, name = ledger_postings.c, account.value
        signed = case((p.debit == name, p.amount_cents), (p.credit == name, -p.amount_cents), else_=0)
        statement = (
            select(func.coalesce(func.sum(signed), 0))
            .join(ledger_transactions, ledger_transactions.c.id == p.transaction_id)
            .where(condition)
        )
        row = await self._transaction.first(statement)
        return Money(0 if row is None else int(row[0]))


def transaction_row(transaction: LedgerTransaction) -> dict[str, Any]:
    return {
        "id": transaction.id,
        "kind": transaction.kind.value,
        "reference": transaction.reference,
        "booking_id": transaction.booking_id,
        "caregiver_id": transaction.caregiver_id,
        "at": transaction.at,
    }


def posting_rows(transaction: LedgerTransaction) -> list[dict[str, Any]]:
    return [
        {
            "transaction_id": transaction.id,
            "position": position,
            "debit": posting.debit.value,
            "credit": posting.credit.value,
            "amount_cents": posting.amount.amount_cents,
            "currency": posting.amount.currency,
        }
        for position, posting in enumerate(transaction.postings)
    ]
