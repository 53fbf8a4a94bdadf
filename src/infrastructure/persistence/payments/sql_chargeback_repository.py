"""Chargebacks in SQL."""

from typing import Any

from sqlalchemy import Row, select, update

from application.ports.chargeback_repository import ChargebackRepository
from domain.bookings.booking_life import BookingId
from domain.payments.chargeback import Chargeback, ChargebackStatus
from domain.shared.money import Money
from infrastructure.persistence.payments.payout_tables import chargebacks
from infrastructure.persistence.transaction import Transaction

_FIELDS = [
    "id",
    "booking_id",
    "payment_id",
    "provider_chargeback_id",
    "reason",
    "evidence_due_by",
    "opened_at",
    "settled_at",
    "version",
]


class SqlChargebackRepository(ChargebackRepository):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def by_provider_id(self, provider_chargeback_id: str) -> Chargeback | None:
        of_provider = chargebacks.c.provider_chargeback_id == provider_chargeback_id
        row = await self._transaction.first(select(chargebacks).where(of_provider))
        return None if row is None else _chargeback(row)

    async def is_any_open(self, booking_id: BookingId) -> bool:
        opened = chargebacks.c.booking_id == booking_id, chargebacks.c.status == ChargebackStatus.OPENED.value
        return await self._transaction.first(select(chargebacks.c.id).where(*opened).limit(1)) is not None

    async def add(self, chargeback: Chargeback) -> None:
        await self._transaction.execute(chargebacks.insert().values(_row(chargeback)))
        await self._transaction.record_events(chargeback.events, aggregate_id=chargeback.id)

    async def save(self, chargeback: Chargeback) -> None:
        mine = chargebacks.c.id == chargeback.id, chargebacks.c.version == chargeback.version
        chargeback.version += 1
        await self._transaction.save_version(update(chargebacks).where(*mine).values(_row(chargeback)))
        await self._transaction.record_events(chargeback.events, aggregate_id=chargeback.id)


def _row(chargeback: Chargeback) -> dict[str, Any]:
    return {field: getattr(chargeback, field) for field in _FIELDS} | {
        "status": chargeback.status.value,
        "amount_cents": chargeback.amount.amount_cents,
        "currency": chargeback.amount.currency,
    }


def _chargeback(row: Row[Any]) -> Chargeback:
    return Chargeback(
        **{field: getattr(row, field) for field in _FIELDS},
        status=ChargebackStatus(row.status),
        amount=Money(row.amount_cents, row.currency),
    )
