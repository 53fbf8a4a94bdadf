"""Differences in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, update

from application.ports.reconciliation_record import ReconciliationRecord
from domain.payments.difference import Difference, DifferenceId, DifferenceKind, DifferenceNotFound
from domain.shared.money import EUR, Money
from infrastructure.persistence.dialects import locked
from infrastructure.persistence.payments.payout_tables import reconciliation_differences as differences
from infrastructure.persistence.transaction import Transaction

_THERE = differences.c.gone_at.is_(None)


class SqlReconciliationRecord(ReconciliationRecord):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def there(self) -> Sequence[Difference]:
        statement = locked(select(differences).where(_THERE).order_by(differences.c.id))
        return [_difference(row) for row in await self._transaction.all(statement)]

    async def get(self, difference_id: DifferenceId) -> Difference:
        row = await self._transaction.first(locked(select(differences).where(differences.c.id == difference_id)))
        if row is None:
            raise DifferenceNotFound
        return _difference(row)

    async def add(self, difference: Difference) -> None:
        same = select(differences.c.id).where(differences.c.reference == difference.reference, _THERE)
        if await self._transaction.first(same) is None:
            await self._transaction.execute(differences.insert().values(_row(difference)))

    async def save(self, difference: Difference) -> None:
        mine = update(differences).where(differences.c.id == difference.id)
        await self._transaction.execute(mine.values(_row(difference)))


def _row(difference: Difference) -> dict[str, Any]:
    return {
        "id": difference.id,
        "kind": difference.kind.value,
        "reference": difference.reference,
        "ours_cents": None if difference.ours is None else difference.ours.amount_cents,
        "theirs_cents": None if difference.theirs is None else difference.theirs.amount_cents,
        "currency": EUR,
        "found_at": difference.found_at,
        "gone_at": difference.gone_at,
    }


def _difference(row: Row[Any]) -> Difference:
    return Difference(
        id=row.id,
        kind=DifferenceKind(row.kind),
        reference=row.reference,
        ours=None if row.ours_cents is None else Money(row.ours_cents, row.currency),
        theirs=None if row.theirs_cents is None else Money(row.theirs_cents, row.currency),
        found_at=row.found_at,
        gone_at=row.gone_at,
    )
