"""Changes of paid bookings that wait for the caregiver's word or the owner's money.

Revision ID: 0026
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bookings", sa.Column("change_quote_id", sa.Uuid()))
    for instant in ("change_asked_at", "change_until", "change_accepted_at"):
        op.add_column("bookings", sa.Column(instant, sa.DateTime(timezone=True)))
    may_change = sa.text("change_until IS NOT NULL")
    op.create_index(
        "ix_bookings_change_until", "bookings", ["change_until"], postgresql_where=may_change, sqlite_where=may_change
    )


def downgrade() -> None:
    op.drop_index("ix_bookings_change_until", table_name="bookings")
    for column in ("change_accepted_at", "change_until", "change_asked_at", "change_quote_id"):
        op.drop_column("bookings", column)
