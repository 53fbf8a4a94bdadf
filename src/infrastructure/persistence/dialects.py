"""The few things PostgreSQL and SQLite say differently."""

from typing import Any

from sqlalchemy import Column, ColumnElement, Table, func, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from infrastructure.persistence.tables import AnySelect


def insert_or_ignore(connection: AsyncConnection, table: Table, unique_columns: list[str]) -> Any:
    """An INSERT that does nothing when a row with the same unique columns exists."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table).on_conflict_do_nothing(index_elements=unique_columns)


def locked(statement: AnySelect, *, of: Table | None = None) -> AnySelect:
    """Locks the rows (those `of` one table) until the transaction ends; rows that refer to them may still be added.
    SQLite's single writer holds the whole database anyway and ignores it."""
    return statement.with_for_update(key_share=True, of=of)


def unclaimed(statement: AnySelect) -> AnySelect:
    """Locks the rows that nobody else has locked, and skips the others."""
    return statement.with_for_update(skip_locked=True)


async def lock_table(connection: AsyncConnection, table: Table) -> None:
    """Lets nobody else write to the table until the transaction ends. SQLite's single writer needs no lock."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))


def hour_of(connection: AsyncConnection, instant: Column[Any]) -> ColumnElement[str]:
    """The hour in UTC, as `2026-12-01 09`."""
    if connection.dialect.name == "sqlite":
        return func.strftime("%Y-%m-%d %H", instant)
    return func.to_char(func.timezone("UTC", instant), "YYYY-MM-DD HH24")
