"""Which processes are there and which one leads, alerts, groups of errors, and the figures of each minute.

The capacity that held when a place was taken makes the invariant checkable after the caregiver has changed it.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "process_reports",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_reports")),
    )
    op.create_table(
        "leaders",
        sa.Column("task", sa.String(length=40), nullable=False),
        sa.Column("process", sa.String(length=120), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("task", name=op.f("pk_leaders")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("fingerprint", sa.String(length=170)),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("notified_at", sa.DateTime(timezone=True)),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("silenced_until", sa.DateTime(timezone=True)),
        sa.Column("silence_reason", sa.String(length=500)),
        sa.CheckConstraint("state IN ('pending', 'firing', 'resolved')", name=op.f("ck_alerts_state_known")),
        sa.CheckConstraint("(fingerprint IS NULL) = (state = 'resolved')", name=op.f("ck_alerts_open_has_fingerprint")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_alerts_fingerprint")),
    )
    op.create_index("ix_alerts_resolved_at", "alerts", ["resolved_at"])
    op.create_table(
        "error_groups",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=120), nullable=False),
        sa.Column("place", sa.String(length=160), nullable=False),
        sa.Column("message", sa.String(length=300), nullable=False),
        sa.Column("frames", sa.JSON(), nullable=False),
        sa.Column("release", sa.String(length=40), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_error_groups")),
    )
    op.create_index("ix_error_groups_last_seen_at", "error_groups", ["last_seen_at"])
    op.create_table(
        "minute_figures",
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("minute", name=op.f("pk_minute_figures")),
    )
    # Without batch mode: nothing is rebuilt on SQLite, and its triggers stay.
    op.add_column("occupancies", sa.Column("capacity", sa.SmallInteger()))


def downgrade() -> None:
    op.drop_column("occupancies", "capacity")
    op.drop_table("minute_figures")
    op.drop_table("error_groups")
    op.drop_table("alerts")
    op.drop_table("leaders")
    op.drop_table("process_reports")
