"""Runs migrations on a connection that the caller opened (`infrastructure.persistence.migrations`)."""

from typing import Any

from alembic import context
from sqlalchemy import Connection

from infrastructure.persistence.schema import metadata
from infrastructure.persistence.tables import UtcDateTime


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """Migrations stand alone: our instant type is written as what the database knows."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
