"""Payments and refunds in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, update

from application.ports.payment_repository import PaymentRepository
from domain.bookings.booking_life import BookingId
from domain.payments.payment import Payment, PaymentId, PaymentNotFound, PaymentStatus
from domain.payments.refund import Refund, RefundId, RefundNotFound, RefundStatus
from domain.shared.money import Money
from infrastructure.persistence.payments.payment_tables import payments, refunds
from infrastructure.persistence.transaction import Transaction


class SqlPaymentRepository(PaymentRepository):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def get(self, payment_id: PaymentId) -> Payment:
        row = await self._transaction.first(select(payments).where(payments.c.id == payment_id))
        if row is None:
            raise PaymentNotFound
        return _payment(row)

    async def of_booking(self, booking_id: BookingId) -> Sequence[Payment]:
        statement = select(payments).where(payments.c.booking_id == booking_id).order_by(payments.c.attempt)
        return [_payment(row) for row in await self._transaction.all(statement)]

    async def by_provider_id(self, provider: str, provider_payment_id: str) -> Payment | None:
        statement = select(payments).where(
            payments.c.provider == provider, payments.c.provider_payment_id == provider_payment_id
        )
        row = await self._transaction.first(statement)
        return None if row is None else _payment(row)

    async def add(self, payment: Payment) -> None:
        await self._transaction.execute(payments.insert().values(_payment_row(payment)))

    async def save(self, payment: Payment) -> None:
        statement = update(payments).where(payments.c.id == payment.id, payments.c.version == payment.version)
        payment.version += 1
        await self._transaction.save_version(statement.values(_payment_row(payment)))

    async def get_refund(self, refund_id: RefundId) -> Refund:
        row = await self._transaction.first(select(refunds).where(refunds.c.id == refund_id))
        if row is None:
            raise RefundNotFound
        return _refund(row)

    async def refunds_of_booking(self, booking_id: BookingId) -> Sequence[Refund]:
        statement = select(refunds).where(refunds.c.booking_id == booking_id).order_by(refunds.c.number)
        return [_refund(row) for row in await self._transaction.all(statement)]

    async def add_refund(self, refund: Refund) -> None:
        await self._transaction.execute(refunds.insert().values(_refund_row(refund)))
        await self._transaction.record_events(refund.events, aggregate_id=refund.id)

    async def save_refund(self, refund: Refund) -> None:
        statement = update(refunds).where(refunds.c.id == refund.id, refunds.c.version == refund.version)
        refund.version += 1
        await self._transaction.save_version(statement.values(_refund_row(refund)))
        await self._transaction.record_events(refund.events, aggregate_id=refund.id)


def _payment_row(payment: Payment) -> dict[str, Any]:
    same = "id booking_id attempt provider provider_payment_id charge_id error created_at version quote_id"
    return {column: getattr(payment, column) for column in same.split()} | {
        "status": payment.status.value,
        "amount_cents": payment.amount.amount_cents,
        "captured_cents": payment.captured.amount_cents,
        "refunded_cents": payment.refunded.amount_cents,
        "currency": payment.amount.currency,
    }


def _payment(row: Row[Any]) -> Payment:
    return Payment(
        id=row.id,
        booking_id=row.booking_id,
        attempt=row.attempt,
        provider=row.provider,
        amount=Money(row.amount_cents, row.currency),
        created_at=row.created_at,
        quote_id=row.quote_id,
        provider_payment_id=row.provider_payment_id,
        status=PaymentStatus(row.status),
        charge_id=row.charge_id,
        error=row.error,
        captured=Money(row.captured_cents, row.currency),
        refunded=Money(row.refunded_cents, row.currency),
        version=row.version,
    )


def _refund_row(refund: Refund) -> dict[str, Any]:
    same = (
        "id payment_id booking_id number reason provider_refund_id error created_at settled_at retried_as "
        "taken_by_bank version"
    )
    return {column: getattr(refund, column) for column in same.split()} | {
        "status": refund.status.value,
        "amount_cents": refund.amount.amount_cents,
        "currency": refund.amount.currency,
    }


def _refund(row: Row[Any]) -> Refund:
    return Refund(
        id=row.id,
        payment_id=row.payment_id,
        booking_id=row.booking_id,
        number=row.number,
        amount=Money(row.amount_cents, row.currency),
        reason=row.reason,
        created_at=row.created_at,
        status=RefundStatus(row.status),
        provider_refund_id=row.provider_refund_id,
        error=row.error,
        settled_at=row.settled_at,
        retried_as=row.retried_as,
        taken_by_bank=row.taken_by_bank,
        version=row.version,
    )
