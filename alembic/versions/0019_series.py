"""Bookings that were made together.

Revision ID: 0019
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bookings", sa.Column("series_id", sa.Uuid()))
    in_series = sa.text("series_id IS NOT NULL")
    op.create_index(
        "ix_bookings_series_id", "bookings", ["series_id"], postgresql_where=in_series, sqlite_where=in_series
    )


def downgrade() -> None:
    op.drop_index("ix_bookings_series_id", table_name="bookings")
    op.drop_column("bookings", "series_id")
