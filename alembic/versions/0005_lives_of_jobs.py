"""Jobs know the version of their payload and how often their workers died; waiting ones are found by queue; on
PostgreSQL new work is announced to whoever listens.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WAITING = sa.text("status = 'queued' OR status = 'retrying'")

_ANNOUNCE = """
CREATE FUNCTION announce_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tailtribe_work', '');
    RETURN NULL;
END;
$$
"""
_ANNOUNCED = ("jobs", "outbox_events")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("payload_version", sa.SmallInteger(), nullable=False, server_default="1"))
    op.add_column("jobs", sa.Column("crashes", sa.SmallInteger(), nullable=False, server_default="0"))
    op.drop_index("ix_jobs_waiting", "jobs")
    op.create_index("ix_jobs_waiting", "jobs", ["queue", "run_at"], postgresql_where=_WAITING, sqlite_where=_WAITING)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_ANNOUNCE)
        for table in _ANNOUNCED:
            op.execute(
                f"CREATE TRIGGER {table}_announce AFTER INSERT ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION announce_work()"
            )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _ANNOUNCED:
            op.execute(f"DROP TRIGGER {table}_announce ON {table}")
        op.execute("DROP FUNCTION announce_work()")
    op.drop_index("ix_jobs_waiting", "jobs")
    op.create_index("ix_jobs_waiting", "jobs", ["run_at"], postgresql_where=_WAITING, sqlite_where=_WAITING)
    op.drop_column("jobs", "crashes")
    op.drop_column("jobs", "payload_version")
