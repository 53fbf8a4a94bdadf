"""The capacity guarantee: no write can put more animals into a caregiver's care at one instant than he takes.

The peak of overlapping stays within a new one is reached at its own start or at the start of another inside it, so
only those instants are looked at. On PostgreSQL the trigger locks the caregiver's row first; SQLite has one writer.
The lock leaves the key alone: writers share that by their foreign keys, and would deadlock over a stronger one.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_PEAK = """
    SELECT COALESCE(MAX(together), 0) FROM (
        SELECT (
            SELECT COALESCE(SUM(o.animals), 0) FROM occupancies o
            WHERE o.caregiver_id = NEW.caregiver_id AND o.booking_id <> NEW.booking_id
              AND o.start_at <= instants.at AND o.end_at > instants.at
        ) AS together
        FROM (
            SELECT NEW.start_at AS at
            UNION
            SELECT s.start_at FROM occupancies s
            WHERE s.caregiver_id = NEW.caregiver_id AND s.booking_id <> NEW.booking_id
              AND s.start_at > NEW.start_at AND s.start_at < NEW.end_at
        ) AS instants
    ) AS peaks
"""

_POSTGRESQL = f"""
CREATE FUNCTION refuse_over_capacity() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    maximum integer;
    peak integer;
BEGIN
    SELECT max_animals_at_once INTO maximum FROM caregivers WHERE id = NEW.caregiver_id FOR NO KEY UPDATE;
    peak := ({_PEAK});
    IF peak + NEW.animals > maximum THEN
        RAISE EXCEPTION 'occupancies_capacity' USING ERRCODE = 'check_violation', CONSTRAINT = 'occupancies_capacity';
    END IF;
    RETURN NEW;
END $$;
"""

_SQLITE = """
CREATE TRIGGER occupancies_capacity_{event} BEFORE {event} ON occupancies
WHEN ({peak}) + NEW.animals > (SELECT max_animals_at_once FROM caregivers WHERE id = NEW.caregiver_id)
BEGIN
    SELECT RAISE(ABORT, 'occupancies_capacity');
END
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRESQL)
        op.execute(
            "CREATE TRIGGER occupancies_capacity BEFORE INSERT OR UPDATE ON occupancies"
            " FOR EACH ROW EXECUTE FUNCTION refuse_over_capacity()"
        )
        return
    for event in ("INSERT", "UPDATE"):
        op.execute(_SQLITE.format(event=event, peak=_PEAK))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER occupancies_capacity ON occupancies")
        op.execute("DROP FUNCTION refuse_over_capacity()")
        return
    for event in ("INSERT", "UPDATE"):
        op.execute(f"DROP TRIGGER occupancies_capacity_{event}")
