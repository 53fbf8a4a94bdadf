"""Statements about any number of rows, made once: to build one takes longer than to run it.

PostgreSQL takes ids as an array, so that the statement is the same for any number of them; SQLite has no arrays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Executable, Uuid, any_, bindparam
from sqlalchemy.ext.asyncio import AsyncConnection

IsAmong = Callable[[ColumnElement[Any]], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class StatementOfIds:
    """A statement whose parameter `ids` is a list, as each of the two databases wants it."""

    postgresql: Executable
    sqlite: Executable

    def on(self, connection: AsyncConnection) -> Executable:
        return self.sqlite if connection.dialect.name == "sqlite" else self.postgresql


def statement_of_ids(build: Callable[[IsAmong], Executable]) -> StatementOfIds:
    """`build` gets the condition that a column is one of the ids."""
    return StatementOfIds(
        postgresql=build(lambda column: column == any_(bindparam("ids", type_=ARRAY(Uuid)))),
        sqlite=build(lambda column: column.in_(bindparam("ids", expanding=True))),
    )
