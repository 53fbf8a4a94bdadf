"""Payouts, their reversals, chargebacks, and what differs between our books and the provider's."""

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
)

from domain.payments.chargeback import ChargebackStatus
from domain.payments.payout import PayoutStatus, ReversalStatus
from infrastructure.persistence.tables import UtcDateTime, metadata, one_of

payouts = Table(
    "payouts",
    metadata,
    Column("id", Uuid, primary_key=True),
    # One per booking, ever.
    Column("booking_id", ForeignKey("bookings.id"), nullable=False, unique=True),
    Column("caregiver_id", ForeignKey("caregivers.id"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("destination", String(64), nullable=False),
    Column("charge_id", String(64), nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("netted_cents", BigInteger, nullable=False),
    Column("reversed_cents", BigInteger, nullable=False),
    Column("owed_cents", BigInteger, nullable=False),
    Column("reversal_count", SmallInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("transfer_id", String(64), unique=True),
    Column("error", Text),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    one_of("status", PayoutStatus),
    one_of("currency", ["EUR"]),
    CheckConstraint("amount_cents >= 0 AND netted_cents >= 0 AND owed_cents >= 0", name="amounts"),
    CheckConstraint("0 <= reversed_cents AND reversed_cents <= amount_cents", name="reversals"),
    CheckConstraint("(status = 'paid') = (transfer_id IS NOT NULL)", name="paid_has_transfer"),
)
Index("ix_payouts_caregiver_id_decided_at", payouts.c.caregiver_id, payouts.c.decided_at, payouts.c.id)
_unfinished = payouts.c.status.in_(["sending", "unknown", "failed"])
Index("ix_payouts_unfinished", payouts.c.decided_at, postgresql_where=_unfinished, sqlite_where=_unfinished)

payout_reversals = Table(
    "payout_reversals",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("payout_id", ForeignKey("payouts.id"), nullable=False),
    Column("booking_id", ForeignKey("bookings.id"), nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("provider_reversal_id", String(64), unique=True),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    UniqueConstraint("booking_id", "number"),
    one_of("status", ReversalStatus),
    one_of("currency", ["EUR"]),
    CheckConstraint("amount_cents > 0", name="amount"),
)
Index("ix_payout_reversals_payout_id", payout_reversals.c.payout_id)

chargebacks = Table(
    "chargebacks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("booking_id", ForeignKey("bookings.id"), nullable=False),
    Column("payment_id", ForeignKey("payments.id"), nullable=False),
    Column("provider_chargeback_id", String(64), nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("reason", String(80), nullable=False),
    Column("evidence_due_by", UtcDateTime),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    one_of("status", ChargebackStatus),
    one_of("currency", ["EUR"]),
)
Index("ix_chargebacks_booking_id", chargebacks.c.booking_id)
Index("ix_chargebacks_opened_at", chargebacks.c.opened_at, chargebacks.c.id)

# Found when our books were compared with the provider's, and gone when a later comparison no longer finds it.
reconciliation_differences = Table(
    "reconciliation_differences",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("reference", String(255), nullable=False),
    Column("ours_cents", BigInteger),
    Column("theirs_cents", BigInteger),
    Column("currency", String(3), nullable=False),
    Column("found_at", UtcDateTime, nullable=False),
    Column("gone_at", UtcDateTime),
    Column("is_explained", Boolean, nullable=False),
    CheckConstraint("ours_cents IS NOT NULL OR theirs_cents IS NOT NULL", name="somebody_has_it"),
)
_there = reconciliation_differences.c.gone_at.is_(None)
Index(
    "ix_reconciliation_differences_there",
    reconciliation_differences.c.reference,
    unique=True,
    postgresql_where=_there,
    sqlite_where=_there,
)
Index("ix_reconciliation_differences_reference", reconciliation_differences.c.reference)
Index("ix_reconciliation_differences_found_at", reconciliation_differences.c.found_at, reconciliation_differences.c.id)

# What the provider told of what moved, once per movement, so that the same may move again after any time.
provider_movements = Table(
    "provider_movements",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("reference", String(255), nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
)
Index("ix_provider_movements_reference", provider_movements.c.reference)

# Up to when the books were compared, each time.
reconciliation_runs = Table("reconciliation_runs", metadata, Column("until", UtcDateTime, primary_key=True))
