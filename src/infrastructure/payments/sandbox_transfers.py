"""Transfers of the sandbox provider: within what was charged, each key once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.payments import PaymentRefused
from application.ports.provider_books import MovementKind
from application.ports.transfers import ProviderReversal, ProviderTransfer, Transfers
from domain.shared.money import Money
from infrastructure.payments.sandbox_books import SandboxBooks
from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import insert_or_ignore, locked
from infrastructure.persistence.payments.sandbox_tables import (
    sandbox_accounts,
    sandbox_payments,
    sandbox_reversals,
    sandbox_transfers,
)


class SandboxTransfers(Transfers):
    def __init__(self, database: Database, *, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._books = SandboxBooks(database, clock=clock, ids=ids)

    async def transfer(
        self, *, destination: str, amount: Money, charge_id: str, reference: str, idempotency_key: str
    ) -> ProviderTransfer:
        _require_something(amount)
        asked = {
            "destination": destination,
            "charge_id": charge_id,
            "reference": reference,
            "amount_cents": amount.amount_cents,
            "currency": amount.currency,
        }
        row = asked | {
            "id": f"sbx_tr_{self._ids.new().hex}",
            "idempotency_key": idempotency_key,
            "reversed_cents": 0,
            "created_at": self._clock.now(),
        }
        async with self._database.begin() as connection:
            charged = await _charge(connection, charge_id)
            await connection.execute(insert_or_ignore(connection, sandbox_transfers, ["idempotency_key"]).values(row))
            by_key = select(sandbox_transfers).where(sandbox_transfers.c.idempotency_key == idempotency_key)
            kept = (await connection.execute(by_key)).one()
            if kept.id != row["id"]:
                _require_same(kept, asked)
                return _transfer(kept)
            await _require_receiver(connection, destination)
            moved = select(func.sum(sandbox_transfers.c.amount_cents)).where(sandbox_transfers.c.charge_id == charge_id)
            total = int((await connection.execute(moved)).scalar_one())
            if charged.currency != amount.currency or total > charged.amount_cents:
                raise PaymentRefused("more than was charged and not yet transferred")
            await self._books.write(connection, MovementKind.TRANSFER, kept.id, Money.zero(amount.currency) - amount)
        return _transfer(kept)

    async def retrieve(self, transfer_id: str) -> ProviderTransfer:
        async with self._database.read() as connection:
            return _transfer(await _one(connection, transfer_id, lock=False))

    async def of_reference(self, reference: str) -> Sequence[ProviderTransfer]:
        statement = select(sandbox_transfers).where(sandbox_transfers.c.reference == reference)
        async with self._database.read() as connection:
            return [_transfer(row) for row in await connection.execute(statement.order_by(sandbox_transfers.c.id))]

    async def reverse(self, *, transfer_id: str, amount: Money, idempotency_key: str) -> ProviderReversal:
        _require_something(amount)
        asked = {"transfer_id": transfer_id, "amount_cents": amount.amount_cents, "currency": amount.currency}
        row = asked | {
            "id": f"sbx_trr_{self._ids.new().hex}",
            "idempotency_key": idempotency_key,
            "created_at": self._clock.now(),
        }
        async with self._database.begin() as connection:
            transfer = await _one(connection, transfer_id)
            await connection.execute(insert_or_ignore(connection, sandbox_reversals, ["idempotency_key"]).values(row))
            by_key = select(sandbox_reversals).where(sandbox_reversals.c.idempotency_key == idempotency_key)
            kept = (await connection.execute(by_key)).one()
            if kept.id != row["id"]:
                _require_same(kept, asked)
                return _reversal(kept)
            left = transfer.amount_cents - transfer.reversed_cents
            if transfer.currency != amount.currency or amount.amount_cents > left:
                raise PaymentRefused("more than was transferred and not yet taken back")
            taken = sandbox_transfers.c.reversed_cents + amount.amount_cents
            mine = sandbox_transfers.c.id == transfer_id
            await connection.execute(update(sandbox_transfers).where(mine).values(reversed_cents=taken))
            await self._books.write(connection, MovementKind.REVERSAL, kept.id, amount)
        return _reversal(kept)

    async def reversals_of(self, transfer_id: str) -> Sequence[ProviderReversal]:
        statement = select(sandbox_reversals).where(sandbox_reversals.c.transfer_id == transfer_id)
        async with self._database.read() as connection:
            return [_reversal(row) for row in await connection.execute(statement.order_by(sandbox_reversals.c.id))]


async def _charge(connection: AsyncConnection, charge_id: str) -> Row[Any]:
    """Locked: its transfers are made one after the other."""
    statement = locked(select(sandbox_payments).where(sandbox_payments.c.charge_id == charge_id))
    found = (await connection.execute(statement)).first()
    if found is None:
        raise PaymentRefused("there is no such charge")
    return found


async def _one(connection: AsyncConnection, transfer_id: str, *, lock: bool = True) -> Row[Any]:
    statement = select(sandbox_transfers).where(sandbox_transfers.c.id == transfer_id)
    found = (await connection.execute(locked(statement) if lock else statement)).first()
    if found is None:
        raise PaymentRefused("there is no such transfer")
    return found


async def _require_receiver(connection: AsyncConnection, account_id: str) -> None:
    able = sandbox_accounts.c.id == account_id, sandbox_accounts.c.can_receive_transfers
    if (await connection.execute(select(sandbox_accounts.c.id).where(*able))).first() is None:
        raise PaymentRefused("there is no such account, or it cannot receive transfers")


def _require_something(amount: Money) -> None:
    if amount.amount_cents <= 0:
        raise PaymentRefused("nothing, or less, does not move")


def _require_same(row: Row[Any], asked: dict[str, Any]) -> None:
    if any(getattr(row, name) != value for name, value in asked.items()):
        raise PaymentRefused("the idempotency key was used with other parameters")


def _transfer(row: Row[Any]) -> ProviderTransfer:
    return ProviderTransfer(
        id=row.id,
        key=row.idempotency_key,
        destination=row.destination,
        amount=Money(row.amount_cents, row.currency),
        reversed=Money(row.reversed_cents, row.currency),
    )


def _reversal(row: Row[Any]) -> ProviderReversal:
    return ProviderReversal(id=row.id, key=row.idempotency_key, amount=Money(row.amount_cents, row.currency))
