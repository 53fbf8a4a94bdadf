"""Quotes, bookings and the time they occupy."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
    false,
)

from domain.bookings.booking_life import ActorRole, BookingStatus
from domain.bookings.dispute import DisputeDecision
from domain.bookings.pricing import LineKind
from domain.caregivers.caregiver_profile import CancellationPolicy
from domain.caregivers.services import Service
from domain.shared.period import TIME_ZONES
from infrastructure.persistence.tables import UtcDateTime, metadata, one_of

quotes = Table(
    "quotes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner_id", ForeignKey("accounts.id"), nullable=False),
    Column("caregiver_id", ForeignKey("caregivers.id"), nullable=False),
    Column("service", String(24), nullable=False),
    Column("start_at", UtcDateTime, nullable=False),
    Column("end_at", UtcDateTime, nullable=False),
    Column("time_zone", String(32), nullable=False),
    Column("gross_cents", BigInteger, nullable=False),
    Column("commission_cents", BigInteger, nullable=False),
    Column("net_cents", BigInteger, nullable=False),
    Column("commission_basis_points", SmallInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    Column("meet_and_greet", Boolean, nullable=False, server_default=false()),
    Column("promotion_id", Uuid, ForeignKey("promotions.id")),
    one_of("service", Service),
    one_of("currency", ["EUR"]),
    CheckConstraint("end_at > start_at", name="period"),
    CheckConstraint("gross_cents >= 0 AND gross_cents = commission_cents + net_cents", name="sums"),
)
Index("ix_quotes_expires_at", quotes.c.expires_at)
_promoted = quotes.c.promotion_id.is_not(None)
Index("ix_quotes_promotion_id", quotes.c.promotion_id, postgresql_where=_promoted, sqlite_where=_promoted)

quote_pets = Table(
    "quote_pets",
    metadata,
    Column("quote_id", ForeignKey("quotes.id", ondelete="CASCADE"), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("pet_id", ForeignKey("pets.id"), nullable=False),
    PrimaryKeyConstraint("quote_id", "position"),
    UniqueConstraint("quote_id", "pet_id"),
)

quote_lines = Table(
    "quote_lines",
    metadata,
    Column("quote_id", ForeignKey("quotes.id", ondelete="CASCADE"), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("label", String(120), nullable=False),
    Column("half_units", Integer, nullable=False),
    Column("unit_price_cents", BigInteger, nullable=False),
    Column("total_cents", BigInteger, nullable=False),
    PrimaryKeyConstraint("quote_id", "position"),
    one_of("kind", LineKind),
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("quote_id", ForeignKey("quotes.id"), nullable=False, unique=True),
    Column("owner_id", ForeignKey("accounts.id"), nullable=False),
    Column("caregiver_id", ForeignKey("caregivers.id"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("service", String(24), nullable=False),
    Column("start_at", UtcDateTime, nullable=False),
    Column("end_at", UtcDateTime, nullable=False),
    Column("time_zone", String(32), nullable=False),
    Column("policy", String(16), nullable=False),
    Column("gross_cents", BigInteger, nullable=False),
    Column("commission_cents", BigInteger, nullable=False),
    Column("net_cents", BigInteger, nullable=False),
    Column("commission_basis_points", SmallInteger, nullable=False),
    Column("captured_cents", BigInteger, nullable=False),
    Column("refunded_cents", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("emergency_name", String(80), nullable=False),
    Column("emergency_phone", String(32), nullable=False),
    Column("notes", Text),
    Column("vet", Text),
    Column("off_leash_allowed", Boolean, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("answer_until", UtcDateTime, nullable=False),
    Column("accepted_at", UtcDateTime),
    Column("pay_window_opens_at", UtcDateTime),
    Column("pay_until", UtcDateTime),
    Column("paid_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("payment_id", Uuid),
    Column("refund_count", SmallInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("completed_at", UtcDateTime),
    Column("payout_due_at", UtcDateTime),
    Column("series_id", Uuid),
    Column("meet_and_greet", Boolean, nullable=False, server_default=false()),
    Column("payout_is_frozen", Boolean, nullable=False, server_default=false()),
    Column("paid_out_at", UtcDateTime),
    # Other terms that the owner of a paid booking wishes for.
    Column("change_quote_id", Uuid),
    Column("change_asked_at", UtcDateTime),
    Column("change_until", UtcDateTime),
    Column("change_accepted_at", UtcDateTime),
    one_of("status", BookingStatus),
    one_of("service", Service),
    one_of("policy", CancellationPolicy),
    one_of("time_zone", TIME_ZONES),
    one_of("currency", ["EUR"]),
    CheckConstraint("end_at > start_at", name="period"),
    CheckConstraint("gross_cents >= 0 AND gross_cents = commission_cents + net_cents", name="sums"),
    CheckConstraint("0 <= refunded_cents AND refunded_cents <= captured_cents", name="refunds"),
    CheckConstraint("status <> 'accepted' OR pay_until IS NOT NULL", name="accepted_has_deadline"),
)
Index("ix_bookings_owner_id_start_at_id", bookings.c.owner_id, bookings.c.start_at, bookings.c.id)
Index("ix_bookings_caregiver_id_start_at_id", bookings.c.caregiver_id, bookings.c.start_at, bookings.c.id)
_pending, _accepted = bookings.c.status == "pending", bookings.c.status == "accepted"
_unfinished = bookings.c.status.in_(["paid", "in_progress"])
Index("ix_bookings_unfinished_end_at", bookings.c.end_at, postgresql_where=_unfinished, sqlite_where=_unfinished)
_to_pay_out = and_(bookings.c.payout_due_at.is_not(None), bookings.c.paid_out_at.is_(None))
Index("ix_bookings_payout_due_at", bookings.c.payout_due_at, postgresql_where=_to_pay_out, sqlite_where=_to_pay_out)
_was_paid = bookings.c.paid_at.is_not(None)
Index("ix_bookings_paid_at", bookings.c.paid_at, postgresql_where=_was_paid, sqlite_where=_was_paid)
_may_change = bookings.c.change_until.is_not(None)
Index("ix_bookings_change_until", bookings.c.change_until, postgresql_where=_may_change, sqlite_where=_may_change)
_wished_for = bookings.c.change_quote_id.is_not(None)
Index(
    "ix_bookings_change_quote_id",
    bookings.c.change_quote_id,
    postgresql_where=_wished_for,
    sqlite_where=_wished_for,
)
_in_series = bookings.c.series_id.is_not(None)
Index("ix_bookings_series_id", bookings.c.series_id, postgresql_where=_in_series, sqlite_where=_in_series)
_meeting = and_(bookings.c.meet_and_greet, bookings.c.status.not_in(["declined", "expired", "cancelled"]))
Index(
    "ix_bookings_meet_and_greet",
    bookings.c.owner_id,
    bookings.c.caregiver_id,
    unique=True,
    postgresql_where=_meeting,
    sqlite_where=_meeting,
)
Index("ix_bookings_answer_until", bookings.c.answer_until, postgresql_where=_pending, sqlite_where=_pending)
Index("ix_bookings_pay_until", bookings.c.pay_until, postgresql_where=_accepted, sqlite_where=_accepted)

booking_pets = Table(
    "booking_pets",
    metadata,
    Column("booking_id", ForeignKey("bookings.id", ondelete="CASCADE"), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("pet_id", ForeignKey("pets.id"), nullable=False),
    PrimaryKeyConstraint("booking_id", "position"),
    UniqueConstraint("booking_id", "pet_id"),
)

booking_transitions = Table(
    "booking_transitions",
    metadata,
    Column("booking_id", ForeignKey("bookings.id"), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("from_status", String(16)),
    Column("to_status", String(16), nullable=False),
    Column("actor_id", ForeignKey("accounts.id")),
    Column("actor_role", String(16), nullable=False),
    Column("reason", Text),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("booking_id", "position"),
    one_of("actor_role", ActorRole),
)

# One half of a booking's service report each.
care_reports = Table(
    "care_reports",
    metadata,
    Column("booking_id", ForeignKey("bookings.id", ondelete="CASCADE"), nullable=False),
    Column("moment", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("lat", Float),
    Column("lng", Float),
    Column("notes", Text),
    Column("photos", JSON, nullable=False),
    PrimaryKeyConstraint("booking_id", "moment"),
    one_of("moment", ["check_in", "check_out"]),
    CheckConstraint("(lat IS NULL) = (lng IS NULL)", name="coordinates"),
)

disputes = Table(
    "disputes",
    metadata,
    Column("booking_id", ForeignKey("bookings.id", ondelete="CASCADE"), primary_key=True),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decision", String(16)),
    Column("decided_at", UtcDateTime),
    Column("decision_reason", Text),
    Column("refund_cents", BigInteger),
    one_of("decision", DisputeDecision),
    CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided"),
    CheckConstraint("(decision IS NULL) = (refund_cents IS NULL)", name="refund"),
)
Index("ix_disputes_opened_at", disputes.c.opened_at, disputes.c.booking_id)

# A row an occupying booking; a trigger (see the migration) locks the caregiver and refuses what exceeds the peak.
occupancies = Table(
    "occupancies",
    metadata,
    Column("booking_id", ForeignKey("bookings.id", ondelete="CASCADE"), primary_key=True),
    Column("caregiver_id", ForeignKey("caregivers.id"), nullable=False),
    Column("start_at", UtcDateTime, nullable=False),
    Column("end_at", UtcDateTime, nullable=False),
    Column("animals", SmallInteger, nullable=False),
    # What the caregiver took when the place was taken; NULL for those taken before that was kept.
    Column("capacity", SmallInteger),
    CheckConstraint("end_at > start_at", name="period"),
    CheckConstraint("animals >= 1", name="animals"),
)
Index("ix_occupancies_caregiver_id_end_at", occupancies.c.caregiver_id, occupancies.c.end_at, occupancies.c.start_at)
Index("ix_occupancies_end_at", occupancies.c.end_at)
