"""Payments, refunds, and the inbox of the provider's events."""

from sqlalchemy import (
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
    Text,
    UniqueConstraint,
    Uuid,
    and_,
    false,
)

from application.ports.payment_notices import NoticeSubject
from domain.payments.payment import PaymentStatus
from domain.payments.refund import RefundStatus
from infrastructure.persistence.tables import UtcDateTime, metadata, one_of

payments = Table(
    "payments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("booking_id", ForeignKey("bookings.id"), nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    Column("provider", String(16), nullable=False),
    Column("provider_payment_id", String(64)),
    Column("status", String(24), nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("captured_cents", BigInteger, nullable=False),
    Column("refunded_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("charge_id", String(64)),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    Column("quote_id", Uuid),
    UniqueConstraint("booking_id", "attempt"),
    UniqueConstraint("provider", "provider_payment_id"),
    one_of("status", PaymentStatus),
    one_of("currency", ["EUR"]),
    CheckConstraint("amount_cents > 0", name="amount"),
    CheckConstraint("0 <= refunded_cents AND refunded_cents <= captured_cents", name="refunds"),
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("payment_id", ForeignKey("payments.id"), nullable=False),
    Column("booking_id", ForeignKey("bookings.id"), nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("provider_refund_id", String(64), unique=True),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    Column("retried_as", SmallInteger),
    Column("taken_by_bank", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("booking_id", "number"),
    one_of("status", RefundStatus),
    one_of("currency", ["EUR"]),
    CheckConstraint("amount_cents > 0", name="amount"),
)
Index("ix_refunds_payment_id", refunds.c.payment_id)
_to_retry = and_(refunds.c.status == "failed", refunds.c.retried_as.is_(None))
Index("ix_refunds_to_retry", refunds.c.created_at, postgresql_where=_to_retry, sqlite_where=_to_retry)

inbox_events = Table(
    "inbox_events",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("provider", String(16), nullable=False),
    Column("event_id", String(255), nullable=False),
    Column("kind", String(80), nullable=False),
    Column("object_id", String(255), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("applied_at", UtcDateTime),
    # Events received before this was kept were all about payments.
    Column("subject", String(16), nullable=False, server_default=NoticeSubject.PAYMENT.value),
    UniqueConstraint("provider", "event_id"),
)
Index("ix_inbox_events_received_at", inbox_events.c.received_at)
