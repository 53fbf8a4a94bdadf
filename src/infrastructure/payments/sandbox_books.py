"""The books of the sandbox provider: what moved money, once."""

from collections.abc import AsyncIterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.provider_books import MovementKind, ProviderBooks, ProviderMovement
from domain.shared.money import Money
from infrastructure.persistence.database import Database
from infrastructure.persistence.payments.sandbox_tables import sandbox_movements

_PAGE = 500
# What a European card costs at Stripe: 1.5 % and 25 cents.
FEE_BASIS_POINTS, FEE_CENTS = 150, 25


class SandboxBooks(ProviderBooks):
    def __init__(self, database: Database, *, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def write(
        self,
        connection: AsyncConnection,
        kind: MovementKind,
        source_id: str,
        amount: Money,
        *,
        fee: Money | None = None,
    ) -> None:
        """Belongs into the transaction of what moved. `amount` is what the balance gains, negative what it loses."""
        row = {
            "id": f"sbx_txn_{self._ids.new().hex}",
            "kind": kind.value,
            "source_id": source_id,
            "amount_cents": amount.amount_cents,
            "fee_cents": 0 if fee is None else fee.amount_cents,
            "currency": amount.currency,
            "at": self._clock.now(),
        }
        await connection.execute(sandbox_movements.insert(), row)

    async def movements(self, *, since: datetime, until: datetime) -> AsyncIterator[ProviderMovement]:
        m = sandbox_movements.c
        after = ""
        while True:
            page = select(sandbox_movements).where(m.at >= since, m.at < until, m.id > after).order_by(m.id)
            async with self._database.read() as connection:
                rows = (await connection.execute(page.limit(_PAGE))).all()
            for row in rows:
                yield ProviderMovement(
                    id=row.id,
                    kind=MovementKind(row.kind),
                    source_id=row.source_id,
                    amount=Money(row.amount_cents, row.currency),
                    fee=Money(row.fee_cents, row.currency),
                    at=row.at,
                )
            if len(rows) < _PAGE:
                return
            after = rows[-1].id


def fee_of(charged: Money) -> Money:
    return charged.share(FEE_BASIS_POINTS, 10_000) + Money(FEE_CENTS, charged.currency)
