"""Payouts and their reversals in SQL."""

from typing import Any

from sqlalchemy import Row, select, update

from application.ports.payout_repository import PayoutRepository
from domain.bookings.booking_life import BookingId
from domain.payments.payout import (
    Payout,
    PayoutId,
    PayoutNotFound,
    PayoutStatus,
    Reversal,
    ReversalId,
    ReversalStatus,
)
from domain.shared.money import Money
from infrastructure.persistence.payments.payout_tables import payout_reversals, payouts
from infrastructure.persistence.transaction import Transaction

_PAYOUT_FIELDS = (
    "id",
    "booking_id",
    "caregiver_id",
    "destination",
    "charge_id",
    "attempt",
    "transfer_id",
    "error",
    "decided_at",
    "settled_at",
    "reversal_count",
    "version",
)
_REVERSAL_FIELDS = (
    "id",
    "payout_id",
    "booking_id",
    "number",
    "provider_reversal_id",
    "error",
    "created_at",
    "settled_at",
    "version",
)


class SqlPayoutRepository(PayoutRepository):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def get(self, payout_id: PayoutId) -> Payout:
        row = await self._transaction.first(select(payouts).where(payouts.c.id == payout_id))
        if row is None:
            raise PayoutNotFound
        return _payout(row)

    async def of_booking(self, booking_id: BookingId) -> Payout | None:
        row = await self._transaction.first(select(payouts).where(payouts.c.booking_id == booking_id))
        return None if row is None else _payout(row)

    async def add(self, payout: Payout) -> None:
        await self._transaction.execute(payouts.insert().values(_payout_row(payout)))
        await self._transaction.record_events(payout.events, aggregate_id=payout.id)

    async def save(self, payout: Payout) -> None:
        statement = update(payouts).where(payouts.c.id == payout.id, payouts.c.version == payout.version)
        payout.version += 1
        await self._transaction.save_version(statement.values(_payout_row(payout)))
        await self._transaction.record_events(payout.events, aggregate_id=payout.id)

    async def get_reversal(self, reversal_id: ReversalId) -> Reversal:
        row = await self._transaction.first(select(payout_reversals).where(payout_reversals.c.id == reversal_id))
        if row is None:
            raise PayoutNotFound
        return _reversal(row)

    async def pending_reversal_of(self, payout_id: PayoutId) -> Reversal | None:
        statement = select(payout_reversals).where(
            payout_reversals.c.payout_id == payout_id,
            payout_reversals.c.status == ReversalStatus.PENDING.value,
        )
        row = await self._transaction.first(statement)
        return None if row is None else _reversal(row)

    async def add_reversal(self, reversal: Reversal) -> None:
        await self._transaction.execute(payout_reversals.insert().values(_reversal_row(reversal)))

    async def save_reversal(self, reversal: Reversal) -> None:
        statement = update(payout_reversals).where(
            payout_reversals.c.id == reversal.id, payout_reversals.c.version == reversal.version
        )
        reversal.version += 1
        await self._transaction.save_version(statement.values(_reversal_row(reversal)))


def _payout_row(payout: Payout) -> dict[str, Any]:
    return {field: getattr(payout, field) for field in _PAYOUT_FIELDS} | {
        "status": payout.status.value,
        "amount_cents": payout.amount.amount_cents,
        "netted_cents": payout.netted.amount_cents,
        "reversed_cents": payout.reversed.amount_cents,
        "owed_cents": payout.owed.amount_cents,
        "currency": payout.amount.currency,
    }


def _payout(row: Row[Any]) -> Payout:
    return Payout(
        **{field: getattr(row, field) for field in _PAYOUT_FIELDS},
        status=PayoutStatus(row.status),
        amount=Money(row.amount_cents, row.currency),
        netted=Money(row.netted_cents, row.currency),
        reversed=Money(row.reversed_cents, row.currency),
        owed=Money(row.owed_cents, row.currency),
    )


def _reversal_row(reversal: Reversal) -> dict[str, Any]:
    return {field: getattr(reversal, field) for field in _REVERSAL_FIELDS} | {
        "status": reversal.status.value,
        "amount_cents": reversal.amount.amount_cents,
        "currency": reversal.amount.currency,
    }


def _reversal(row: Row[Any]) -> Reversal:
    return Reversal(
        **{field: getattr(row, field) for field in _REVERSAL_FIELDS},
        status=ReversalStatus(row.status),
        amount=Money(row.amount_cents, row.currency),
    )
