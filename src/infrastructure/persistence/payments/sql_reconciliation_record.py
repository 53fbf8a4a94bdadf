"""Differences in SQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, or_, select, update

from application.ports.reconciliation_record import ReconciliationRecord
from domain.payments.difference import Difference, DifferenceId, DifferenceKind, DifferenceNotFound
from domain.shared.money import EUR, Money
from infrastructure.persistence.dialects import insert_or_ignore, locked
from infrastructure.persistence.payments.payout_tables import provider_movements, reconciliation_runs
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
        row, d = _row(difference), differences.c
        explained = and_(
            d.is_explained,
            d.ours_cents.is_not_distinct_from(row["ours_cents"]),
            d.theirs_cents.is_not_distinct_from(row["theirs_cents"]),
        )
        known = select(d.id).where(d.reference == difference.reference, or_(_THERE, explained))
        if await self._transaction.first(known) is None:
            await self._transaction.execute(differences.insert().values(row))

    async def save(self, difference: Difference) -> None:
        mine = update(differences).where(differences.c.id == difference.id)
        await self._transaction.execute(mine.values(_row(difference)))

    async def compared_until(self) -> datetime | None:
        row = await self._transaction.first(select(reconciliation_runs))
        return None if row is None else row.until

    async def keep_compared_until(self, until: datetime) -> None:
        await self._transaction.execute(delete(reconciliation_runs))
        await self._transaction.execute(reconciliation_runs.insert().values(until=until))

    async def keep_told(self, movements: Mapping[str, tuple[str, Money]]) -> None:
        rows = [
            {"id": id_, "reference": reference, "amount_cents": gained.amount_cents, "currency": gained.currency}
            for id_, (reference, gained) in movements.items()
        ]
        if rows:
            once = insert_or_ignore(self._transaction.connection, provider_movements, ["id"])
            await self._transaction.execute(once, rows)

    async def told(self, references: Collection[str]) -> Mapping[str, Money]:
        m = provider_movements.c
        cents = func.sum(m.amount_cents).label("cents")
        statement = select(m.reference, cents).where(m.reference.in_(references)).group_by(m.reference)
        return {row.reference: Money(int(row.cents)) for row in await self._transaction.all(statement)}


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
        "is_explained": difference.is_explained,
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
        is_explained=row.is_explained,
    )
