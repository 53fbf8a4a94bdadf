"""Groups of errors in the database."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Executable, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.error_groups import MOST_GROUPS, ErrorGroups, ErrorGroupView, SeenErrors
from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import insert_or_ignore, unclaimed
from infrastructure.persistence.operations.watch_tables import error_groups


class SqlErrorGroups(ErrorGroups):
    def __init__(self, database: Database, *, release: str) -> None:
        self._database = database
        self._release = release

    async def add(self, seen: Sequence[SeenErrors]) -> None:
        async with self._database.begin() as connection:
            # In one order, so that processes that write the same ones do not wait for each other in a circle.
            for errors in sorted(seen, key=lambda errors: errors.sighting.fingerprint):
                if not await self._count_up(connection, errors):
                    await connection.execute(self._first(connection, errors))
                    await self._count_up(connection, errors)
            await _keep_the_latest(connection)

    async def _count_up(self, connection: AsyncConnection, errors: SeenErrors) -> bool:
        known = update(error_groups).where(error_groups.c.fingerprint == errors.sighting.fingerprint)
        values = {
            "count": error_groups.c.count + errors.count,
            "last_seen_at": errors.last_seen_at,
            "release": self._release,
        }
        return (await connection.execute(known.values(values))).rowcount == 1

    def _first(self, connection: AsyncConnection, errors: SeenErrors) -> Executable:
        sighting = errors.sighting
        return insert_or_ignore(connection, error_groups, ["fingerprint"]).values(
            fingerprint=sighting.fingerprint,
            kind=sighting.kind[:120],
            place=sighting.place[:160],
            message=sighting.message[:300],
            frames=[str(frame) for frame in sighting.frames],
            release=self._release,
            count=0,
            first_seen_at=errors.first_seen_at,
            last_seen_at=errors.last_seen_at,
        )

    async def recent(self, *, limit: int) -> list[ErrorGroupView]:
        latest = select(error_groups).order_by(error_groups.c.last_seen_at.desc(), error_groups.c.fingerprint)
        async with self._database.read() as connection:
            rows = (await connection.execute(latest.limit(limit))).all()
        return [msgspec.convert(row, ErrorGroupView, from_attributes=True) for row in rows]


async def _keep_the_latest(connection: AsyncConnection) -> None:
    count = (await connection.execute(select(func.count()).select_from(error_groups))).scalar_one()
    if count > MOST_GROUPS:
        oldest = select(error_groups.c.fingerprint).order_by(error_groups.c.last_seen_at).limit(count - MOST_GROUPS)
        # What another process is writing about is not waited for: it may wait for what was written here.
        doomed = (await connection.execute(unclaimed(oldest))).scalars().all()
        await connection.execute(delete(error_groups).where(error_groups.c.fingerprint.in_(doomed)))
