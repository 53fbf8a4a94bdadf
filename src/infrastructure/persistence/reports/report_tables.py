"""Finished reports. In the database, where every API process finds what any worker made."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, String, Table, Uuid

from application.ports.report_store import ReportFormat
from infrastructure.persistence.tables import UtcDateTime, metadata, one_of

reports = Table(
    "reports",
    metadata,
    Column("id", Uuid, nullable=False),
    Column("format", String(8), nullable=False),
    Column("holder_id", ForeignKey("accounts.id"), nullable=False),
    Column("file_name", String(80), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("id", "format"),
    one_of("format", ReportFormat),
)
Index("ix_reports_made_at", reports.c.made_at)
