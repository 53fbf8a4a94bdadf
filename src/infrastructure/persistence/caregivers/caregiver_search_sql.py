"""The search as one statement: a box to use the index, the squared chord to be exact, a keyset to page."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, and_, cast, exists, literal, or_, select

from application.ports.caregiver_queries import CaregiverSearch, SearchOrder
from domain.caregivers.caregiver_profile import MAX_ACTION_RADIUS_KM, CaregiverStatus
from domain.shared.sphere import (
    EARTH_RADIUS_KM,
    chord_squared,
    latitude_span,
    longitude_span,
    unit_vector,
)
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.caregivers.caregiver_tables import (
    caregiver_animals,
    caregiver_badges,
    caregiver_languages,
    caregiver_sizes,
    caregivers,
    offers,
)
from infrastructure.persistence.caregivers.open_hours_sql import perhaps_free
from infrastructure.persistence.tables import AnySelect

# best match = 0.6 · quality + 0.4 · closeness
#   quality   = (Bayesian mean rating - 1) / 4, with five imaginary reviews of 4.0, so that one 5.0 does not beat
# fifty 4.9
#   closeness = 1 / (1 + (d / 10 km)²), which is a half at ten kilometres; 0 without a point to measure from
QUALITY_WEIGHT, CLOSENESS_WEIGHT = 0.6, 0.4
IMAGINARY_REVIEWS, IMAGINARY_RATING = 5, 4.0
HALF_CLOSENESS_KM = 10.0

_LARGEST = 2**31 - 1

_c = caregivers.c


@dataclass(frozen=True, slots=True)
class _Ordering:
    value: ColumnElement[Any]
    descending: bool


def search_statement(search: CaregiverSearch) -> AnySelect:
    """Rows of `id … chord_squared, sort_value`, one more than the limit to know whether there is a next page."""
    chord = _chord(search)
    ordering = _ordering(search, chord)
    statement = (
        select(
            _c.id,
            _c.place,
            _c.country,
            _c.rating_hundredths,
            _c.review_count,
            _c.instant_book,
            accounts.c.first_name,
            accounts.c.last_name,
            (chord if chord is not None else literal(None, Float)).label("chord_squared"),
            ordering.value.label("sort_value"),
            *_explained(search, chord),
        )
        .join(accounts, accounts.c.id == _c.account_id)
        .where(_c.status == CaregiverStatus.APPROVED.value, accounts.c.suspended_at.is_(None), *_filters(search))
        .limit(search.limit + 1)
    )
    if search.service is not None:
        statement = statement.join(
            offers, and_(offers.c.caregiver_id == _c.id, offers.c.service == search.service.value)
        )
    if chord is not None and search.lat is not None and search.lng is not None:
        statement = statement.where(*_nearby(search, chord, search.lat, search.lng))
    if search.free is not None:
        statement = statement.where(*perhaps_free(search.free, search.service))
    if search.after is not None:
        statement = statement.where(_behind(ordering, search.after))
    if ordering.descending:
        return statement.order_by(ordering.value.desc(), _c.id)
    return statement.order_by(ordering.value, _c.id)


def _chord(search: CaregiverSearch) -> ColumnElement[float] | None:
    if search.lat is None or search.lng is None:
        return None
    x, y, z = unit_vector(search.lat, search.lng)
    dx, dy, dz = _c.x - x, _c.y - y, _c.z - z
    return dx * dx + dy * dy + dz * dz


def _nearby(search: CaregiverSearch, chord: ColumnElement[float], lat: float, lng: float) -> list[ColumnElement[bool]]:
    reach = search.radius_km if search.radius_km is not None else MAX_ACTION_RADIUS_KM
    limit = _c.action_chord_squared if search.radius_km is None else literal(chord_squared(search.radius_km), Float)
    height, width = latitude_span(reach), longitude_span(reach, lat)
    return [_c.lat.between(lat - height, lat + height), _c.lng.between(lng - width, lng + width), chord <= limit]


def _filters(search: CaregiverSearch) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if search.country is not None:
        conditions.append(_c.country == search.country.value)
    if search.min_rating is not None:
        conditions.append(_c.rating_hundredths >= round(search.min_rating * 100))
    if search.instant_book is not None:
        conditions.append(_c.instant_book.is_(search.instant_book))
    for table, column, wanted in (
        (caregiver_animals, caregiver_animals.c.animal, search.animal),
        (caregiver_sizes, caregiver_sizes.c.size, search.size),
        (caregiver_badges, caregiver_badges.c.badge, search.badge),
        (caregiver_languages, caregiver_languages.c.language, search.language),
    ):
        if wanted is not None:
            conditions.append(exists().where(table.c.caregiver_id == _c.id, column == wanted.value))
    return conditions + _price_filters(search)


def _price_filters(search: CaregiverSearch) -> list[ColumnElement[bool]]:
    """On the price of the service asked for; without one, on any offer of the caregiver."""
    bounds: list[ColumnElement[bool]] = []
    if search.min_price_cents is not None:
        bounds.append(offers.c.price_cents >= search.min_price_cents)
    if search.max_price_cents is not None:
        bounds.append(offers.c.price_cents <= search.max_price_cents)
    if not bounds or search.service is not None:
        return bounds
    return [exists().where(offers.c.caregiver_id == _c.id, *bounds)]


def _ordering(search: CaregiverSearch, chord: ColumnElement[float] | None) -> _Ordering:
    match search.order:
        case SearchOrder.DISTANCE if chord is not None:
            return _Ordering(chord, descending=False)
        case SearchOrder.PRICE:
            price = _c.lowest_price_cents if search.service is None else offers.c.price_cents
            return _Ordering(price, descending=False)
        case SearchOrder.RATING:
            return _Ordering(_c.rating_hundredths, descending=True)
        case _:
            return _Ordering(_best_match(chord), descending=True)


def _best_match(chord: ColumnElement[float] | None) -> ColumnElement[float]:
    if chord is None:
        return QUALITY_WEIGHT * _quality()
    return QUALITY_WEIGHT * _quality() + CLOSENESS_WEIGHT / _remoteness(chord)


def _quality() -> ColumnElement[float]:
    ratings = cast(_c.rating_sum, Float) + IMAGINARY_REVIEWS * IMAGINARY_RATING
    return (ratings / cast(_c.review_count + IMAGINARY_REVIEWS, Float) - 1.0) / 4.0


def _remoteness(chord: ColumnElement[float]) -> ColumnElement[float]:
    """One over the closeness."""
    return 1.0 + chord * (EARTH_RADIUS_KM / HALF_CLOSENESS_KM) ** 2


def _explained(search: CaregiverSearch, chord: ColumnElement[float] | None) -> list[ColumnElement[Any]]:
    if not search.explain:
        return []
    closeness = literal(0.0, Float) if chord is None else 1.0 / _remoteness(chord)
    return [_quality().label("quality"), closeness.label("closeness"), _best_match(chord).label("score")]


def _behind(ordering: _Ordering, after: tuple[float, Any]) -> ColumnElement[bool]:
    value, last_id = after
    # A made-up cursor may hold any number; columns of whole numbers hold 32 bits.
    whole = int(max(-_LARGEST, min(_LARGEST, value)))
    bound = literal(whole, Integer) if isinstance(ordering.value.type, Integer) else literal(value, Float)
    beyond = ordering.value < bound if ordering.descending else ordering.value > bound
    return or_(beyond, and_(ordering.value == bound, _c.id > last_id))
