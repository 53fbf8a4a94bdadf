"""Meet-and-greets: free, and one for each owner and caregiver.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("quotes", "bookings"):
        op.add_column(table, sa.Column("meet_and_greet", sa.Boolean(), nullable=False, server_default=sa.false()))
    stands = "(status NOT IN ('declined', 'expired', 'cancelled'))"
    op.create_index(
        "ix_bookings_meet_and_greet",
        "bookings",
        ["owner_id", "caregiver_id"],
        unique=True,
        postgresql_where=sa.text(f"meet_and_greet AND {stands}"),
        sqlite_where=sa.text(f"meet_and_greet = 1 AND {stands}"),
    )


def downgrade() -> None:
    op.drop_index("ix_bookings_meet_and_greet", table_name="bookings")
    for table in ("bookings", "quotes"):
        op.drop_column(table, "meet_and_greet")
