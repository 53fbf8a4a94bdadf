"""Steering jobs: queues that are paused, jobs that are to stop or begin anew, and acts of the operator in the audit log.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paused_queues",
        sa.Column("queue", sa.String(length=16), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "queue IN ('money', 'mail', 'default', 'reports')", name=op.f("ck_paused_queues_queue_known")
        ),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_paused_queues")),
    )
    op.add_column("jobs", sa.Column("tries_since", sa.DateTime(timezone=True)))
    op.add_column("jobs", sa.Column("cancel_requested_at", sa.DateTime(timezone=True)))
    with op.batch_alter_table("audit_log") as batch_op:
        batch_op.alter_column("admin_id", existing_type=sa.Uuid(), nullable=True)


def downgrade() -> None:
    # The older schema has no place for what nobody with an account has done.
    op.execute("DELETE FROM audit_log WHERE admin_id IS NULL")
    with op.batch_alter_table("audit_log") as batch_op:
        batch_op.alter_column("admin_id", existing_type=sa.Uuid(), nullable=False)
    op.drop_column("jobs", "cancel_requested_at")
    op.drop_column("jobs", "tries_since")
    op.drop_table("paused_queues")
