"""Changes of paid bookings that wait for the caregiver's word or the owner's money.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_FOUND_BY = ("change_quote_id", "change_until")


def upgrade() -> None:
    op.add_column("bookings", sa.Column("change_quote_id", sa.Uuid()))
    for instant in ("change_asked_at", "change_until", "change_accepted_at"):
        op.add_column("bookings", sa.Column(instant, sa.DateTime(timezone=True)))
    for column in _FOUND_BY:
        is_there = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_bookings_{column}", "bookings", [column], postgresql_where=is_there, sqlite_where=is_there)


def downgrade() -> None:
    for column in _FOUND_BY:
        op.drop_index(f"ix_bookings_{column}", table_name="bookings")
    for column in ("change_accepted_at", "change_until", "change_asked_at", "change_quote_id"):
        op.drop_column("bookings", column)
