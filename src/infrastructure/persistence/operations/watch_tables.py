"""What watching over the system needs to remember."""

from sqlalchemy import JSON, CheckConstraint, Column, Float, Index, Integer, String, Table, Uuid

from domain.operations.alert import AlertState
from infrastructure.persistence.tables import UtcDateTime, metadata, one_of

process_reports = Table(
    "process_reports",
    metadata,
    Column("id", String(120), primary_key=True),
    Column("facts", JSON, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

leaders = Table(
    "leaders",
    metadata,
    Column("task", String(40), primary_key=True),
    Column("process", String(120), nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("rule", String(40), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("state", String(16), nullable=False),
    # Of what it is about, while it is open: there is one open alert about a thing.
    Column("fingerprint", String(170), unique=True),
    Column("value", Float, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("notified_at", UtcDateTime),
    Column("resolved_at", UtcDateTime),
    Column("silenced_until", UtcDateTime),
    Column("silence_reason", String(500)),
    one_of("state", AlertState),
    CheckConstraint("(fingerprint IS NULL) = (state = 'resolved')", name="open_has_fingerprint"),
)
Index("ix_alerts_resolved_at", alerts.c.resolved_at)

error_groups = Table(
    "error_groups",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("kind", String(120), nullable=False),
    Column("place", String(160), nullable=False),
    Column("message", String(300), nullable=False),
    Column("frames", JSON, nullable=False),
    Column("release", String(40), nullable=False),
    Column("count", Integer, nullable=False),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
)
Index("ix_error_groups_last_seen_at", error_groups.c.last_seen_at)

minute_figures = Table(
    "minute_figures",
    metadata,
    Column("minute", UtcDateTime, primary_key=True),
    Column("figures", JSON, nullable=False),
)
