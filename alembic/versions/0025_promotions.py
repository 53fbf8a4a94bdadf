"""Promotions, and the quotes that are made at them.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_KINDS = ("service", "extra_pets", "holiday_surcharge")


class DiscountsWouldBeForgotten(Exception):
    """The older schema has no line for what a promotion took off."""


def upgrade() -> None:
    op.create_table(
        "promotions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("caregiver_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("percent", sa.SmallInteger()),
        sa.Column("amount_cents", sa.BigInteger()),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True)),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("max_uses", sa.Integer()),
        sa.Column("once_per_owner", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("currency IN ('EUR')", name=op.f("ck_promotions_currency_known")),
        sa.CheckConstraint("(percent IS NULL) <> (amount_cents IS NULL)", name=op.f("ck_promotions_percent_or_amount")),
        sa.CheckConstraint("percent BETWEEN 1 AND 90", name=op.f("ck_promotions_percent")),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_promotions_amount")),
        sa.CheckConstraint("max_uses >= 1", name=op.f("ck_promotions_uses")),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_promotions_period")),
        sa.ForeignKeyConstraint(
            ["caregiver_id"], ["caregivers.id"], name=op.f("fk_promotions_caregiver_id_caregivers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
        sa.UniqueConstraint("caregiver_id", "code", name=op.f("uq_promotions_caregiver_id_code")),
    )
    op.create_index("ix_promotions_caregiver_id_created_at", "promotions", ["caregiver_id", "created_at", "id"])
    # SQLite rebuilds both tables, which no trigger is about.
    with op.batch_alter_table("quotes") as batch_op:
        batch_op.add_column(sa.Column("promotion_id", sa.Uuid()))
        batch_op.create_foreign_key(op.f("fk_quotes_promotion_id_promotions"), "promotions", ["promotion_id"], ["id"])
    promoted = sa.text("promotion_id IS NOT NULL")
    op.create_index(
        "ix_quotes_promotion_id", "quotes", ["promotion_id"], postgresql_where=promoted, sqlite_where=promoted
    )
    _let_lines_be((*_KINDS, "promotion"))


def downgrade() -> None:
    """Raises DiscountsWouldBeForgotten."""
    if op.get_bind().execute(sa.text("SELECT 1 FROM quotes WHERE promotion_id IS NOT NULL LIMIT 1")).first():
        raise DiscountsWouldBeForgotten("There are quotes at promotions: restore a backup from before the upgrade.")
    _let_lines_be(_KINDS)
    op.drop_index("ix_quotes_promotion_id", table_name="quotes")
    with op.batch_alter_table("quotes") as batch_op:
        batch_op.drop_constraint(op.f("fk_quotes_promotion_id_promotions"), type_="foreignkey")
        batch_op.drop_column("promotion_id")
    op.drop_table("promotions")


def _let_lines_be(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("quote_lines") as batch_op:
        batch_op.drop_constraint(op.f("ck_quote_lines_kind_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_quote_lines_kind_known"), f"kind IN ({listed})")
