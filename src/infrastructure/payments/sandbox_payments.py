"""A payment provider without money, for development and demonstrations.

It keeps its own books in `sandbox_…` tables, as a provider outside would, and behaves as the payments port promises:
idempotency keys replay, refunds never exceed the charge. What happened is told by events, through the same inbox.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.payments import (
    PaymentRefused,
    Payments,
    ProviderChargeback,
    ProviderChargebackStatus,
    ProviderPayment,
    ProviderPaymentStatus,
    ProviderRefund,
    ProviderRefundStatus,
)
from application.ports.provider_books import MovementKind
from application.ports.sandbox_bank import SandboxBank
from domain.shared.money import Money
from infrastructure.payments.sandbox_books import SandboxBooks, fee_of
from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import insert_or_ignore, locked
from infrastructure.persistence.payments.sandbox_tables import sandbox_chargebacks, sandbox_payments, sandbox_refunds

PROVIDER = "sandbox"
EVIDENCE_WITHIN = timedelta(days=7)
_MADE = ProviderRefundStatus.SUCCEEDED.value
_PAYABLE = (ProviderPaymentStatus.AWAITING_PAYMENT.value, ProviderPaymentStatus.PROCESSING.value)


class SandboxPayments(Payments, SandboxBank):
    def __init__(self, database: Database, *, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._books = SandboxBooks(database, clock=clock, ids=ids)

    async def create(self, *, amount: Money, reference: str, idempotency_key: str) -> ProviderPayment:
        row = {
            "id": f"sbx_pay_{self._ids.new().hex}",
            "idempotency_key": idempotency_key,
            "reference": reference,
            "status": ProviderPaymentStatus.AWAITING_PAYMENT.value,
            "amount_cents": amount.amount_cents,
            "currency": amount.currency,
            "refunded_cents": 0,
            "created_at": self._clock.now(),
        }
        async with self._database.begin() as connection:
            await connection.execute(insert_or_ignore(connection, sandbox_payments, ["idempotency_key"]).values(row))
            kept = await _one(connection, sandbox_payments.c.idempotency_key == idempotency_key)
        if (kept.amount_cents, kept.currency, kept.reference) != (amount.amount_cents, amount.currency, reference):
            raise PaymentRefused("the idempotency key was used with other parameters")
        return _payment(kept)

    async def retrieve(self, payment_id: str) -> ProviderPayment:
        async with self._database.read() as connection:
            return _payment(await _one(connection, sandbox_payments.c.id == payment_id, lock=False))

    async def cancel(self, payment_id: str, *, idempotency_key: str) -> ProviderPayment:
        del idempotency_key  # cancelling is the same however often it is asked for
        return await self._move(payment_id, status=ProviderPaymentStatus.CANCELLED.value)

    async def refund(self, *, charge_id: str, amount: Money, idempotency_key: str) -> ProviderRefund:
        row = {
            "id": f"sbx_re_{self._ids.new().hex}",
            "idempotency_key": idempotency_key,
            "charge_id": charge_id,
            "amount_cents": amount.amount_cents,
            "currency": amount.currency,
            "created_at": self._clock.now(),
            "status": ProviderRefundStatus.SUCCEEDED.value,
        }
        async with self._database.begin() as connection:
            charged = await _one(connection, sandbox_payments.c.charge_id == charge_id)
            await connection.execute(insert_or_ignore(connection, sandbox_refunds, ["idempotency_key"]).values(row))
            by_key = select(sandbox_refunds).where(sandbox_refunds.c.idempotency_key == idempotency_key)
            kept = (await connection.execute(by_key)).one()
            if kept.id != row["id"]:
                return _replayed(kept, charge_id, amount)
            if await _chargeback_of(connection, charge_id) is not None:
                raise PaymentRefused("the owner's bank has taken the charge back")
            left = charged.amount_cents - charged.refunded_cents
            if charged.currency != amount.currency or not 0 < amount.amount_cents <= left:
                raise PaymentRefused("more than what was charged and not yet refunded")
            await connection.execute(
                update(sandbox_payments)
                .where(sandbox_payments.c.id == charged.id)
                .values(refunded_cents=sandbox_payments.c.refunded_cents + amount.amount_cents)
            )
            await self._books.write(connection, MovementKind.REFUND, kept.id, Money.zero(amount.currency) - amount)
        return _refund(kept)

    async def retrieve_refund(self, refund_id: str) -> ProviderRefund:
        async with self._database.read() as connection:
            by_id = select(sandbox_refunds).where(sandbox_refunds.c.id == refund_id)
            found = (await connection.execute(by_id)).first()
        if found is None:
            raise PaymentRefused("there is no such refund")
        return _refund(found)

    async def refunds_of(self, charge_id: str) -> Sequence[ProviderRefund]:
        of_charge = select(sandbox_refunds).where(sandbox_refunds.c.charge_id == charge_id)
        async with self._database.read() as connection:
            return [_refund(row) for row in await connection.execute(of_charge.order_by(sandbox_refunds.c.id))]

    async def retrieve_chargeback(self, chargeback_id: str) -> ProviderChargeback:
        async with self._database.read() as connection:
            by_id = select(sandbox_chargebacks).where(sandbox_chargebacks.c.id == chargeback_id)
            found = (await connection.execute(by_id)).first()
        if found is None:
            raise PaymentRefused("there is no such chargeback")
        return _chargeback(found)

    async def pay(self, payment_id: str) -> ProviderPayment:
        """What the owner's bank does: the money moves."""
        charge_id = f"sbx_ch_{payment_id.removeprefix('sbx_pay_')}"
        async with self._database.begin() as connection:
            before = await _one(connection, sandbox_payments.c.id == payment_id)
            if before.status not in _PAYABLE:
                return _payment(before)
            paid = {"status": ProviderPaymentStatus.SUCCEEDED.value, "charge_id": charge_id, "error": None}
            mine = sandbox_payments.c.id == payment_id
            await connection.execute(update(sandbox_payments).where(mine).values(**paid))
            amount = Money(before.amount_cents, before.currency)
            await self._books.write(connection, MovementKind.CHARGE, charge_id, amount, fee=fee_of(amount))
            return _payment(await _one(connection, mine))

    async def decline(self, payment_id: str, *, error: str) -> ProviderPayment:
        """The bank said no, or asks the owner for more: the payment goes on waiting, with `error` for a reason."""
        return await self._move(payment_id, error=error)

    async def charge_back(self, payment_id: str) -> ProviderChargeback:
        async with self._database.begin() as connection:
            payment = await _one(connection, sandbox_payments.c.id == payment_id)
            if payment.charge_id is None:
                raise PaymentRefused("nothing was charged")
            kept = await _chargeback_of(connection, payment.charge_id)
            if kept is None:
                row = {
                    "id": f"sbx_dp_{self._ids.new().hex}",
                    "payment_id": payment_id,
                    "charge_id": payment.charge_id,
                    "amount_cents": payment.amount_cents,
                    "currency": payment.currency,
                    "status": ProviderChargebackStatus.OPENED.value,
                    "created_at": self._clock.now(),
                }
                await connection.execute(sandbox_chargebacks.insert(), row)
                taken = Money(-payment.amount_cents, payment.currency)
                await self._books.write(connection, MovementKind.CHARGEBACK, row["id"], taken)
                kept = await _chargeback_of(connection, payment.charge_id)
            return _chargeback(kept)

    async def decide_chargeback(self, payment_id: str, *, won: bool) -> ProviderChargeback:
        async with self._database.begin() as connection:
            payment = await _one(connection, sandbox_payments.c.id == payment_id)
            kept = await _chargeback_of(connection, payment.charge_id)
            if kept is None:
                raise PaymentRefused("there is no such chargeback")
            if kept.status == ProviderChargebackStatus.OPENED.value:
                status = ProviderChargebackStatus.WON if won else ProviderChargebackStatus.LOST
                mine = sandbox_chargebacks.c.id == kept.id
                await connection.execute(update(sandbox_chargebacks).where(mine).values(status=status.value))
                if won:
                    back = Money(kept.amount_cents, kept.currency)
                    await self._books.write(connection, MovementKind.CHARGEBACK_WON, kept.id, back)
                kept = await _chargeback_of(connection, payment.charge_id)
            return _chargeback(kept)

    async def return_refunds(self, payment_id: str) -> Sequence[ProviderRefund]:
        async with self._database.begin() as connection:
            payment = await _one(connection, sandbox_payments.c.id == payment_id)
            made = sandbox_refunds.c.charge_id == payment.charge_id, sandbox_refunds.c.status == _MADE
            rows = (await connection.execute(select(sandbox_refunds).where(*made))).all()
            for row in rows:
                failed = update(sandbox_refunds).where(sandbox_refunds.c.id == row.id)
                await connection.execute(failed.values(status=ProviderRefundStatus.FAILED.value))
                amount = Money(row.amount_cents, row.currency)
                await self._books.write(connection, MovementKind.REFUND_FAILURE, row.id, amount)
            left = payment.refunded_cents - sum(row.amount_cents for row in rows)
            mine = sandbox_payments.c.id == payment_id
            await connection.execute(update(sandbox_payments).where(mine).values(refunded_cents=left))
        return [await self.retrieve_refund(row.id) for row in rows]

    async def _move(self, payment_id: str, **values: Any) -> ProviderPayment:
        """Changes a payment that is still open; a settled one stays as it is."""
        async with self._database.begin() as connection:
            open_payment = sandbox_payments.c.id == payment_id, sandbox_payments.c.status.in_(_PAYABLE)
            await connection.execute(update(sandbox_payments).where(*open_payment).values(**values))
            return _payment(await _one(connection, sandbox_payments.c.id == payment_id))


def _payment(row: Row[Any]) -> ProviderPayment:
    return ProviderPayment(
        id=row.id,
        key=row.idempotency_key,
        status=ProviderPaymentStatus(row.status),
        amount=Money(row.amount_cents, row.currency),
        client_secret=f"{row.id}_secret",
        charge_id=row.charge_id,
        error=row.error,
    )


def _replayed(row: Row[Any], charge_id: str, amount: Money) -> ProviderRefund:
    if (row.charge_id, row.amount_cents, row.currency) != (charge_id, amount.amount_cents, amount.currency):
        raise PaymentRefused("the idempotency key was used with other parameters")
    return _refund(row)


def _refund(row: Row[Any]) -> ProviderRefund:
    status = ProviderRefundStatus(row.status)
    return ProviderRefund(
        id=row.id,
        key=row.idempotency_key,
        status=status,
        amount=Money(row.amount_cents, row.currency),
        error="the bank could not credit the owner" if status is ProviderRefundStatus.FAILED else None,
    )


def _chargeback(row: Row[Any]) -> ProviderChargeback:
    return ProviderChargeback(
        id=row.id,
        payment_id=row.payment_id,
        status=ProviderChargebackStatus(row.status),
        amount=Money(row.amount_cents, row.currency),
        reason="fraudulent",
        evidence_due_by=row.created_at + EVIDENCE_WITHIN,
    )


async def _chargeback_of(connection: AsyncConnection, charge_id: str) -> Any:
    by_charge = select(sandbox_chargebacks).where(sandbox_chargebacks.c.charge_id == charge_id)
    return (await connection.execute(by_charge)).first()


async def _one(connection: AsyncConnection, condition: Any, *, lock: bool = True) -> Row[Any]:
    statement = select(sandbox_payments).where(condition)
    found = (await connection.execute(locked(statement) if lock else statement)).first()
    if found is None:
        raise PaymentRefused("there is no such payment")
    return found
