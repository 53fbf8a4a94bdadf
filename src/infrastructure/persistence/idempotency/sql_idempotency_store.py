"""Idempotency keys in SQL, in transactions of their own: they must outlive the request's."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import and_, or_, select

from application.ports.idempotency_store import (
    FirstRequestStillRunning,
    IdempotencyScope,
    IdempotencyStore,
    KeyUsedForOtherRequest,
    Reservation,
    StoredAnswer,
)
from application.ports.ids import Ids
from infrastructure.persistence.constraint_errors import AlreadyExists
from infrastructure.persistence.database import Database
from infrastructure.persistence.idempotency.idempotency_tables import idempotency_keys

KEPT_FOR = timedelta(hours=24)
ABANDONED_AFTER = timedelta(seconds=60)

_keys = idempotency_keys.c


class SqlIdempotencyStore(IdempotencyStore):
    def __init__(self, database: Database, ids: Ids) -> None:
        self._database = database
        self._ids = ids

    async def reserve(self, scope: IdempotencyScope, *, fingerprint: bytes, at: datetime) -> Reservation | StoredAnswer:
        reservation = Reservation(self._ids.new())
        row: dict[str, Any] = {
            "scope_hash": _scope_hash(scope),
            "reservation_id": reservation.id,
            "fingerprint": fingerprint,
            "reserved_at": at,
            "status": None,
            "answer": None,
            "holder": scope.holder,
        }
        if await self._insert(row) or await self._take_over(row, at):
            return reservation
        return await self._first_answer(row["scope_hash"], fingerprint)

    async def _insert(self, row: dict[str, Any]) -> bool:
        try:
            async with self._database.begin() as connection:
                await connection.execute(idempotency_keys.insert().values(**row))
        except AlreadyExists:
            return False
        return True

    async def _take_over(self, row: dict[str, Any], at: datetime) -> bool:
        """What is too old counts as never written; of several takers the conditional update admits one."""
        forgotten = _keys.reserved_at <= at - KEPT_FOR
        abandoned = and_(
            _keys.answer.is_(None),
            _keys.reserved_at <= at - ABANDONED_AFTER,
            _keys.fingerprint == row["fingerprint"],
        )
        async with self._database.begin() as connection:
            taken = await connection.execute(
                idempotency_keys.update()
                .where(_keys.scope_hash == row["scope_hash"], or_(forgotten, abandoned))
                .values(**row)
            )
        return taken.rowcount == 1

    async def _first_answer(self, scope_hash: bytes, fingerprint: bytes) -> StoredAnswer:
        async with self._database.read() as connection:
            statement = select(_keys.fingerprint, _keys.answer).where(_keys.scope_hash == scope_hash)
            row = (await connection.execute(statement)).first()
        if row is None:
            # Released a moment ago: the caller may try again.
            raise FirstRequestStillRunning
        if row.fingerprint != fingerprint:
            raise KeyUsedForOtherRequest
        if row.answer is None:
            raise FirstRequestStillRunning
        return msgspec.msgpack.decode(row.answer, type=StoredAnswer)

    async def complete(self, reservation: Reservation, answer: StoredAnswer) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                idempotency_keys.update()
                .where(_keys.reservation_id == reservation.id)
                .values(status=answer.status, answer=msgspec.msgpack.encode(answer))
            )

    async def release(self, reservation: Reservation) -> None:
        async with self._database.begin() as connection:
            await connection.execute(idempotency_keys.delete().where(_keys.reservation_id == reservation.id))

    async def purge(self, *, at: datetime) -> int:
        async with self._database.begin() as connection:
            purged = await connection.execute(idempotency_keys.delete().where(_keys.reserved_at <= at - KEPT_FOR))
        return purged.rowcount


def _scope_hash(scope: IdempotencyScope) -> bytes:
    """One column however long path and key are; parts are separated by what none of them contains."""
    return hashlib.sha256("\0".join((scope.holder, scope.method, scope.path, scope.key)).encode()).digest()
