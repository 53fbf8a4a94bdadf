"""What became untrue lately is found without reading all that ever did.

Revision ID: 0010
Revises: 0009
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_cache_invalidations_created_at"), "cache_invalidations", ["created_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_cache_invalidations_created_at"), table_name="cache_invalidations")
