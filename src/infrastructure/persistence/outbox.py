"""Domain events on their way out: written with their aggregate, handed on by the relay, kept for a while."""

from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, String, Table, Uuid

from application.correlation import correlation_id
from application.ports.ids import Ids
from application.trace_parent import trace_parent
from domain.shared.events import DomainEvent
from infrastructure.persistence.tables import UtcDateTime, metadata

outbox_events = Table(
    "outbox_events",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("aggregate_id", Uuid, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("correlation_id", String(64)),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("routed_at", UtcDateTime),
    Column("trace_parent", String(55)),
)
Index(
    "ix_outbox_events_waiting",
    outbox_events.c.id,
    postgresql_where=outbox_events.c.routed_at.is_(None),
    sqlite_where=outbox_events.c.routed_at.is_(None),
)


def event_rows(events: list[DomainEvent], aggregate_id: UUID, ids: Ids) -> list[dict[str, Any]]:
    return [
        {
            "id": ids.new(),
            "name": type(event).__name__,
            "aggregate_id": aggregate_id,
            "facts": {f.name: _plain(getattr(event, f.name)) for f in fields(event) if f.name != "at"},
            "correlation_id": correlation_id.get(),
            "trace_parent": trace_parent.get(),
            "occurred_at": event.at,
        }
        for event in events
    ]


def _plain(value: object) -> str | int | bool | None:
    match value:
        case StrEnum():
            return value.value
        case UUID():
            return str(value)
        case datetime():
            return value.isoformat()
        case None | str() | int() | bool():
            return value
        case _:
            raise TypeError(f"an event may hold ids, instants and plain values, not {type(value).__name__}")
