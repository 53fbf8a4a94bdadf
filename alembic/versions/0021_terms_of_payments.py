"""The terms that a payment was opened for.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("quote_id", sa.Uuid()))


def downgrade() -> None:
    op.drop_column("payments", "quote_id")
