"""A payment provider without money, for development and demonstrations.

It keeps its own books in `sandbox_…` tables, as a provider outside would, and behaves as the payments port promises:
idempotency keys replay, refunds never exceed the charge. What happened is told by events, through the same inbox.
"""

from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.clock import Clock
from application.ports.connected_accounts import ConnectedAccount, ConnectedAccounts
from application.ports.ids import Ids
from application.ports.payments import (
    PaymentRefused,
    Payments,
    ProviderPayment,
    ProviderPaymentStatus,
    ProviderRefund,
    ProviderRefundStatus,
)
from application.ports.sandbox_bank import SandboxBank
from domain.shared.money import Money
from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import insert_or_ignore, locked
from infrastructure.persistence.payments.payment_tables import sandbox_accounts, sandbox_payments, sandbox_refunds

PROVIDER = "sandbox"
_PAYABLE = (ProviderPaymentStatus.AWAITING_PAYMENT.value, ProviderPaymentStatus.PROCESSING.value)


class SandboxPayments(Payments, SandboxBank):
    def __init__(self, database: Database, *, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

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
        }
        async with self._database.begin() as connection:
            charged = await _one(connection, sandbox_payments.c.charge_id == charge_id)
            await connection.execute(insert_or_ignore(connection, sandbox_refunds, ["idempotency_key"]).values(row))
            by_key = select(sandbox_refunds).where(sandbox_refunds.c.idempotency_key == idempotency_key)
            kept = (await connection.execute(by_key)).one()
            if kept.id != row["id"]:
                return _replayed(kept, charge_id, amount)
            left = charged.amount_cents - charged.refunded_cents
            if charged.currency != amount.currency or not 0 < amount.amount_cents <= left:
                raise PaymentRefused("more than what was charged and not yet refunded")
            await connection.execute(
                update(sandbox_payments)
                .where(sandbox_payments.c.id == charged.id)
                .values(refunded_cents=sandbox_payments.c.refunded_cents + amount.amount_cents)
            )
        return ProviderRefund(id=kept.id, status=ProviderRefundStatus.SUCCEEDED, amount=amount)

    async def pay(self, payment_id: str) -> ProviderPayment:
        """What the owner's bank does: the money moves."""
        return await self._move(
            payment_id,
            status=ProviderPaymentStatus.SUCCEEDED.value,
            charge_id=f"sbx_ch_{payment_id.removeprefix('sbx_pay_')}",
            error=None,
        )

    async def decline(self, payment_id: str, *, error: str) -> ProviderPayment:
        """The bank said no, or asks the owner for more: the payment goes on waiting, with `error` for a reason."""
        return await self._move(payment_id, error=error)

    async def _move(self, payment_id: str, **values: Any) -> ProviderPayment:
        """Changes a payment that is still open; a settled one stays as it is."""
        async with self._database.begin() as connection:
            open_payment = sandbox_payments.c.id == payment_id, sandbox_payments.c.status.in_(_PAYABLE)
            await connection.execute(update(sandbox_payments).where(*open_payment).values(**values))
            return _payment(await _one(connection, sandbox_payments.c.id == payment_id))


class SandboxConnectedAccounts(ConnectedAccounts):
    """Accounts that can receive transfers as soon as they exist."""

    def __init__(self, database: Database, *, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def create(self, *, email: str, country: str, idempotency_key: str) -> ConnectedAccount:
        del email  # a sandbox has no use for personal data
        row = {
            "id": f"sbx_acct_{self._ids.new().hex}",
            "idempotency_key": idempotency_key,
            "country": country,
            "can_receive_transfers": True,
            "created_at": self._clock.now(),
        }
        async with self._database.begin() as connection:
            await connection.execute(insert_or_ignore(connection, sandbox_accounts, ["idempotency_key"]).values(row))
            by_key = select(sandbox_accounts).where(sandbox_accounts.c.idempotency_key == idempotency_key)
            kept = (await connection.execute(by_key)).one()
        if kept.country != country:
            raise PaymentRefused("the idempotency key was used with other parameters")
        return ConnectedAccount(id=kept.id, can_receive_transfers=kept.can_receive_transfers)

    async def retrieve(self, account_id: str) -> ConnectedAccount:
        async with self._database.read() as connection:
            by_id = select(sandbox_accounts).where(sandbox_accounts.c.id == account_id)
            found = (await connection.execute(by_id)).first()
        if found is None:
            raise PaymentRefused("there is no such account")
        return ConnectedAccount(id=found.id, can_receive_transfers=found.can_receive_transfers)

    async def onboarding_link(self, account_id: str, *, return_url: str) -> str:
        await self.retrieve(account_id)
        return return_url


def _payment(row: Row[Any]) -> ProviderPayment:
    return ProviderPayment(
        id=row.id,
        status=ProviderPaymentStatus(row.status),
        amount=Money(row.amount_cents, row.currency),
        client_secret=f"{row.id}_secret",
        charge_id=row.charge_id,
        error=row.error,
    )


def _replayed(row: Row[Any], charge_id: str, amount: Money) -> ProviderRefund:
    if (row.charge_id, row.amount_cents, row.currency) != (charge_id, amount.amount_cents, amount.currency):
        raise PaymentRefused("the idempotency key was used with other parameters")
    return ProviderRefund(id=row.id, status=ProviderRefundStatus.SUCCEEDED, amount=amount)


async def _one(connection: AsyncConnection, condition: Any, *, lock: bool = True) -> Row[Any]:
    statement = select(sandbox_payments).where(condition)
    found = (await connection.execute(locked(statement) if lock else statement)).first()
    if found is None:
        raise PaymentRefused("there is no such payment")
    return found
