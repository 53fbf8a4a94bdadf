"""Promotions that caregivers give."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    Uuid,
)

from domain.bookings.promotion import MAX_PERCENT
from infrastructure.persistence.tables import UtcDateTime, metadata, one_of

promotions = Table(
    "promotions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("caregiver_id", ForeignKey("caregivers.id"), nullable=False),
    Column("code", String(40), nullable=False),
    Column("percent", SmallInteger),
    Column("amount_cents", BigInteger),
    Column("currency", String(3), nullable=False),
    Column("services", JSON, nullable=False),
    Column("valid_from", UtcDateTime),
    Column("valid_until", UtcDateTime),
    Column("max_uses", Integer),
    Column("once_per_owner", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    UniqueConstraint("caregiver_id", "code"),
    one_of("currency", ["EUR"]),
    CheckConstraint("(percent IS NULL) <> (amount_cents IS NULL)", name="percent_or_amount"),
    CheckConstraint(f"percent BETWEEN 1 AND {MAX_PERCENT}", name="percent"),
    CheckConstraint("amount_cents > 0", name="amount"),
    CheckConstraint("max_uses >= 1", name="uses"),
    CheckConstraint("valid_from < valid_until", name="period"),
)
Index("ix_promotions_caregiver_id_created_at", promotions.c.caregiver_id, promotions.c.created_at, promotions.c.id)
