"""The append-only log of what admins and the operator did."""

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, Uuid

from infrastructure.persistence.tables import UtcDateTime, metadata

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Uuid, primary_key=True),
    # NULL: the operator, who has the machine and needs no account.
    Column("admin_id", ForeignKey("accounts.id")),
    Column("action", String(80), nullable=False),
    Column("subject_id", Uuid),
    Column("reason", Text),
    Column("correlation_id", String(64)),
    Column("at", UtcDateTime, nullable=False),
)
Index("ix_audit_log_subject_id_id", audit_log.c.subject_id, audit_log.c.id)
