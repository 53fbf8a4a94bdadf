"""Changes of state of circuit breakers."""

from sqlalchemy import Column, Index, String, Table, Text, Uuid

from infrastructure.persistence.tables import UtcDateTime, metadata

breaker_changes = Table(
    "breaker_changes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(40), nullable=False),
    Column("from_state", String(16), nullable=False),
    Column("to_state", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("process", String(120), nullable=False),
)
Index("ix_breaker_changes_name_id", breaker_changes.c.name, breaker_changes.c.id)
Index("ix_breaker_changes_at", breaker_changes.c.at)
