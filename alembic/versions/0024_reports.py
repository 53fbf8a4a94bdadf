"""Finished reports.

Revision ID: 0024
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(length=80), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("format IN ('pdf', 'csv')", name=op.f("ck_reports_format_known")),
        sa.ForeignKeyConstraint(["holder_id"], ["accounts.id"], name=op.f("fk_reports_holder_id_accounts")),
        sa.PrimaryKeyConstraint("id", "format", name=op.f("pk_reports")),
    )
    op.create_index("ix_reports_made_at", "reports", ["made_at"])


def downgrade() -> None:
    op.drop_table("reports")
