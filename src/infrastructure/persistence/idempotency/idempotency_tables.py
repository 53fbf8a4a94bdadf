"""Keys of requests and their first answers."""

from sqlalchemy import CheckConstraint, Column, LargeBinary, PrimaryKeyConstraint, SmallInteger, String, Table, Uuid

from infrastructure.persistence.tables import UtcDateTime, metadata

# While the first request runs there is no answer; `scope_hash` stands for holder, method, path and key.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope_hash", LargeBinary(32), nullable=False),
    Column("reservation_id", Uuid, nullable=False, unique=True),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("reserved_at", UtcDateTime, nullable=False, index=True),
    Column("status", SmallInteger),
    Column("answer", LargeBinary),
    Column("holder", String(64), nullable=False),
    PrimaryKeyConstraint("scope_hash"),
    CheckConstraint("(status IS NULL) = (answer IS NULL)", name="answer_has_status"),
)
