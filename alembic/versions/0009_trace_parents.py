"""The trace that events and jobs are part of.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox_events", sa.Column("trace_parent", sa.String(length=55)))
    op.add_column("jobs", sa.Column("trace_parent", sa.String(length=55)))


def downgrade() -> None:
    op.drop_column("jobs", "trace_parent")
    op.drop_column("outbox_events", "trace_parent")
