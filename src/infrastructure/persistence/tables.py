"""What every table shares: one metadata with named constraints, and instants that keep their zone on SQLite."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, DateTime, MetaData, Select, literal_column
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Aware in Python; `timestamptz` on PostgreSQL, sortable UTC text on SQLite, which knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone was about to be stored")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """None for PostgreSQL, whose driver tells instants in UTC: a page of bookings has a hundred of them."""
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)


def one_of(column: str, values: type[StrEnum] | Iterable[str], *, name: str | None = None) -> CheckConstraint:
    """A check that the column holds one of an enumeration's values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name or f"{column}_known")


def is_one_of(column: ColumnElement[str], values: Iterable[StrEnum]) -> ColumnElement[bool]:
    """A condition on members of an enumeration that never change: parameters in a list would be put into the text of
    the statement anew each time it is sent."""
    return column.in_([literal_column(f"'{value.value}'") for value in values])


AnySelect = Select[*tuple[Any, ...]]
