"""Caregiver profiles in columns: whatever is filtered, sorted or constrained has its own."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
)

from domain.caregivers.caregiver_profile import (
    MAX_ACTION_RADIUS_KM,
    MAX_ANIMALS_AT_ONCE,
    Badge,
    CancellationPolicy,
    CaregiverStatus,
)
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize
from domain.shared.languages import Country, Language
from domain.shared.period import TIME_ZONES
from infrastructure.persistence.tables import UtcDateTime, metadata, one_of

caregivers = Table(
    "caregivers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("rejection_reason", Text),
    Column("bio", Text, nullable=False),
    Column("place", String(120), nullable=False),
    Column("country", String(2), nullable=False),
    Column("postal_code", String(12), nullable=False),
    Column("lat", Float, nullable=False),
    Column("lng", Float, nullable=False),
    # The place as a point on the unit sphere: the squared chord to another point orders and limits by distance
    # with nothing but additions and multiplications, on both databases alike.
    Column("x", Float, nullable=False),
    Column("y", Float, nullable=False),
    Column("z", Float, nullable=False),
    Column("action_radius_km", SmallInteger, nullable=False),
    Column("action_chord_squared", Float, nullable=False),
    Column("max_animals_at_once", SmallInteger, nullable=False),
    Column("cancellation_policy", String(16), nullable=False),
    Column("instant_book", Boolean, nullable=False),
    Column("time_zone", String(32), nullable=False),
    Column("minimum_notice_hours", SmallInteger, nullable=False, server_default="0"),
    Column("vacation_until", Date),
    Column("availability_set", Boolean, nullable=False, server_default="0"),
    Column("payout_account_id", String(64), unique=True),
    Column("can_receive_transfers", Boolean, nullable=False),
    Column("rating_sum", Integer, nullable=False, server_default="0"),
    Column("review_count", Integer, nullable=False, server_default="0"),
    Column("rating_hundredths", SmallInteger, nullable=False, server_default="0"),
    Column("lowest_price_cents", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("approved_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    one_of("status", CaregiverStatus),
    one_of("country", Country),
    one_of("cancellation_policy", CancellationPolicy),
    one_of("time_zone", TIME_ZONES),
    CheckConstraint(f"action_radius_km BETWEEN 1 AND {MAX_ACTION_RADIUS_KM}", name="action_radius"),
    CheckConstraint(f"max_animals_at_once BETWEEN 1 AND {MAX_ANIMALS_AT_ONCE}", name="max_animals"),
    CheckConstraint("lat BETWEEN -90 AND 90 AND lng BETWEEN -180 AND 180", name="coordinates"),
    CheckConstraint("minimum_notice_hours >= 0", name="minimum_notice"),
    CheckConstraint("review_count >= 0 AND rating_sum BETWEEN review_count AND 5 * review_count", name="rating"),
)

_visible = caregivers.c.status == CaregiverStatus.APPROVED.value
Index(
    "ix_caregivers_visible_lat_lng",
    caregivers.c.lat,
    caregivers.c.lng,
    postgresql_where=_visible,
    sqlite_where=_visible,
)
Index(
    "ix_caregivers_visible_rating",
    caregivers.c.rating_hundredths.desc(),
    caregivers.c.id,
    postgresql_where=_visible,
    sqlite_where=_visible,
)
Index(
    "ix_caregivers_visible_price",
    caregivers.c.lowest_price_cents,
    caregivers.c.id,
    postgresql_where=_visible,
    sqlite_where=_visible,
)
Index("ix_caregivers_status_id", caregivers.c.status, caregivers.c.id)

offers = Table(
    "offers",
    metadata,
    Column("caregiver_id", ForeignKey("caregivers.id", ondelete="CASCADE"), nullable=False),
    Column("service", String(24), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("price_cents", Integer, nullable=False),
    Column("extra_pet_price_cents", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("holiday_surcharge_percent", SmallInteger, nullable=False),
    PrimaryKeyConstraint("caregiver_id", "service"),
    one_of("service", Service),
    one_of("currency", ["EUR"]),
    CheckConstraint("price_cents > 0 AND extra_pet_price_cents >= 0", name="prices"),
    CheckConstraint("holiday_surcharge_percent BETWEEN 0 AND 100", name="holiday_surcharge"),
)
Index("ix_offers_service_price_cents_caregiver_id", offers.c.service, offers.c.price_cents, offers.c.caregiver_id)


def _set_table(name: str, column: str, values: type) -> Table:
    return Table(
        name,
        metadata,
        Column("caregiver_id", ForeignKey("caregivers.id", ondelete="CASCADE"), nullable=False),
        Column(column, String(24), nullable=False),
        PrimaryKeyConstraint("caregiver_id", column),
        one_of(column, values),
    )


caregiver_animals = _set_table("caregiver_animals", "animal", Animal)
caregiver_sizes = _set_table("caregiver_sizes", "size", AnimalSize)
caregiver_languages = _set_table("caregiver_languages", "language", Language)
caregiver_badges = _set_table("caregiver_badges", "badge", Badge)

caregiver_photos = Table(
    "caregiver_photos",
    metadata,
    Column("caregiver_id", ForeignKey("caregivers.id", ondelete="CASCADE"), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("reference", String(200), nullable=False),
    PrimaryKeyConstraint("caregiver_id", "position"),
)

weekly_hours = Table(
    "weekly_hours",
    metadata,
    Column("caregiver_id", ForeignKey("caregivers.id", ondelete="CASCADE"), nullable=False),
    Column("weekday", SmallInteger, nullable=False),
    Column("start_minute", SmallInteger, nullable=False),
    Column("end_minute", SmallInteger, nullable=False),
    PrimaryKeyConstraint("caregiver_id", "weekday", "start_minute"),
    CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    CheckConstraint("0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440", name="minutes"),
)

# A closed day is one row without hours; other hours are one row an opening.
dated_hours = Table(
    "dated_hours",
    metadata,
    Column("caregiver_id", ForeignKey("caregivers.id", ondelete="CASCADE"), nullable=False),
    Column("day", Date, nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("start_minute", SmallInteger),
    Column("end_minute", SmallInteger),
    PrimaryKeyConstraint("caregiver_id", "day", "position"),
    CheckConstraint(
        "(start_minute IS NULL AND end_minute IS NULL)"
        " OR (0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440)",
        name="minutes",
    ),
)
