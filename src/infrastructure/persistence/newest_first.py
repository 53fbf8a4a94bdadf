"""Lists of what happened, the newest first, page by page."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Column, Row, and_, or_

from application.cursors import decode_cursor, encode_cursor
from application.ports.views import Page
from domain.shared.period import checked_instant
from infrastructure.persistence.database import Database
from infrastructure.persistence.tables import AnySelect

Item = TypeVar("Item")


async def newest_first(
    database: Database,
    statement: AnySelect,
    view: Callable[[Row[Any]], Item],
    *,
    at: Column[datetime],
    row_id: Column[UUID],
    limit: int,
    cursor: str | None,
) -> Page[Item]:
    """A page of what the statement selects, by `at` and, within one instant, by id. Raises InvalidCursor."""
    if cursor is not None:
        last_at, last_id = decode_cursor(cursor, tuple[datetime, UUID])
        last_at = checked_instant(last_at, field="cursor")
        statement = statement.where(or_(at < last_at, and_(at == last_at, row_id < last_id)))
    ordered = statement.order_by(at.desc(), row_id.desc()).limit(limit + 1)
    async with database.read() as connection:
        rows: Sequence[Row[Any]] = (await connection.execute(ordered)).all()
    shown, more = rows[:limit], len(rows) > limit
    position = encode_cursor((getattr(shown[-1], at.name), getattr(shown[-1], row_id.name))) if more else None
    return Page(items=[view(row) for row in shown], next_cursor=position)
