"""When workers died and which jobs they ran, to tell a job that kills from one that was only there.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_crashes",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_crashes_job_id_jobs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "at", name=op.f("pk_job_crashes")),
    )
    op.create_index("ix_job_crashes_at", "job_crashes", ["at"])


def downgrade() -> None:
    op.drop_table("job_crashes")
