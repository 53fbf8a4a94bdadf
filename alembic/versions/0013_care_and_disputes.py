"""What follows the money: service reports, completion, disputes, and when the caregiver's share is due.

Revision ID: 0013
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without batch mode: nothing is rebuilt on SQLite, and its triggers stay.
    op.add_column("bookings", sa.Column("completed_at", sa.DateTime(timezone=True)))
    op.add_column("bookings", sa.Column("payout_due_at", sa.DateTime(timezone=True)))
    unfinished = sa.text("status IN ('paid', 'in_progress')")
    op.create_index(
        "ix_bookings_unfinished_end_at",
        "bookings",
        ["end_at"],
        postgresql_where=unfinished,
        sqlite_where=unfinished,
    )
    op.create_table(
        "care_reports",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("moment", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat", sa.Float()),
        sa.Column("lng", sa.Float()),
        sa.Column("notes", sa.Text()),
        sa.Column("photos", sa.JSON(), nullable=False),
        sa.CheckConstraint("moment IN ('check_in', 'check_out')", name=op.f("ck_care_reports_moment_known")),
        sa.CheckConstraint("(lat IS NULL) = (lng IS NULL)", name=op.f("ck_care_reports_coordinates")),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["bookings.id"],
            name=op.f("fk_care_reports_booking_id_bookings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("booking_id", "moment", name=op.f("pk_care_reports")),
    )
    op.create_table(
        "disputes",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decision", sa.String(length=16)),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decision_reason", sa.Text()),
        sa.Column("refund_cents", sa.BigInteger()),
        sa.CheckConstraint("decision IN ('pay', 'refund_all', 'refund_part')", name=op.f("ck_disputes_decision_known")),
        sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name=op.f("ck_disputes_decided")),
        sa.CheckConstraint("(decision IS NULL) = (refund_cents IS NULL)", name=op.f("ck_disputes_refund")),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["bookings.id"],
            name=op.f("fk_disputes_booking_id_bookings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_disputes")),
    )
    op.create_index("ix_disputes_opened_at", "disputes", ["opened_at", "booking_id"])


def downgrade() -> None:
    op.drop_table("disputes")
    op.drop_table("care_reports")
    op.drop_index("ix_bookings_unfinished_end_at", table_name="bookings")
    op.drop_column("bookings", "payout_due_at")
    op.drop_column("bookings", "completed_at")
