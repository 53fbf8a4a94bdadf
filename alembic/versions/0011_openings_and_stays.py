"""Openings of breakers by when they were, and stays that are not over yet, are found without reading all there ever were.

Revision ID: 0011
Revises: 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_breaker_changes_at", "breaker_changes", ["at"])
    op.create_index("ix_occupancies_end_at", "occupancies", ["end_at"])


def downgrade() -> None:
    op.drop_index("ix_occupancies_end_at", table_name="occupancies")
    op.drop_index("ix_breaker_changes_at", table_name="breaker_changes")
