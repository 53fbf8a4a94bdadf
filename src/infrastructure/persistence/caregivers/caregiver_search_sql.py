"""The search as one statement: a box to use the index, the squared chord to be exact, a keyset to page."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, String, Uuid, and_, bindparam, cast, exists, literal, or_, select

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
from infrastructure.persistence.caregivers.open_hours_sql import ShapeOfFree, perhaps_free, shape_of_free
from infrastructure.persistence.tables import AnySelect

# best match = 0.6 · quality + 0.4 · closeness
#   quality   = (Bayesian mean rating - 1) / 4, with five imaginary reviews of 4.0, so that one 5.0 does not beat
# fifty 4.9
#   closeness = 1 / (1 + (d / 10 km)²), which is a half at ten kilometres; 0 without a point to measure from
QUALITY_WEIGHT, CLOSENESS_WEIGHT = 0.6, 0.4
IMAGINARY_REVIEWS, IMAGINARY_RATING = 5, 4.0
HALF_CLOSENESS_KM = 10.0

_LARGEST = 2**31 - 1
# As many kinds of searches as statements are kept for.
_MOST_SHAPES = 256

_c = caregivers.c


@dataclass(frozen=True, slots=True)
class _Ordering:
    value: ColumnElement[Any]
    descending: bool


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the text of a statement depends on; all else are parameters, of which `asked` names those that are there."""

    order: SearchOrder
    explain: bool
    instant_book: bool | None
    asked: frozenset[str]
    free: ShapeOfFree | None

    @property
    def has_point(self) -> bool:
        return "x" in self.asked


def search_statement(search: CaregiverSearch) -> tuple[AnySelect, dict[str, Any]]:
    """Rows of `id … chord_squared, sort_value`, one more than the limit to know whether there is a next page; and the
    parameters. Of one shape, all searches share a statement."""
    values = {name: value for name, value in _filter_values(search).items() if value is not None}
    values |= _point_values(search)
    free = None
    if search.free is not None:
        free, more = shape_of_free(search.free, search.service)
        values |= more
    shape = _Shape(search.order, bool(search.explain), search.instant_book, frozenset(values), free)
    if search.after is not None:
        last_value, last_id = search.after
        # A made-up cursor may hold any number; columns of whole numbers hold 32 bits.
        whole = isinstance(_ordering(shape).value.type, Integer)
        values["last_value"] = int(max(-_LARGEST, min(_LARGEST, last_value))) if whole else last_value
        values["last_id"] = last_id
        shape = replace(shape, asked=shape.asked | {"last_value"})
    return _statement(shape), values | {"rows": search.limit + 1}


def _filter_values(search: CaregiverSearch) -> dict[str, Any]:
    enumerations = {
        name: getattr(search, name) for name in ("country", "service", "animal", "size", "badge", "language")
    }
    return {name: None if member is None else member.value for name, member in enumerations.items()} | {
        "min_rating": None if search.min_rating is None else round(search.min_rating * 100),
        "min_price": search.min_price_cents,
        "max_price": search.max_price_cents,
    }


def _point_values(search: CaregiverSearch) -> dict[str, Any]:
    """A box around the point, and what is compared with the squared chord."""
    if search.lat is None or search.lng is None:
        return {}
    reach = search.radius_km if search.radius_km is not None else MAX_ACTION_RADIUS_KM
    height, width = latitude_span(reach), longitude_span(reach, search.lat)
    values = dict(zip("xyz", unit_vector(search.lat, search.lng), strict=True))
    values |= {"south": search.lat - height, "north": search.lat + height}
    values |= {"west": search.lng - width, "east": search.lng + width}
    return values if search.radius_km is None else values | {"reach": chord_squared(search.radius_km)}


@lru_cache(maxsize=_MOST_SHAPES)
def _statement(shape: _Shape) -> AnySelect:
    chord = _chord(shape)
    ordering = _ordering(shape)
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
            *_explained(shape, chord),
        )
        .join(accounts, accounts.c.id == _c.account_id)
        .where(_c.status == CaregiverStatus.APPROVED.value, accounts.c.suspended_at.is_(None), *_filters(shape))
        .limit(bindparam("rows", type_=Integer))
    )
    if "service" in shape.asked:
        of_service = offers.c.service == bindparam("service", type_=String)
        statement = statement.join(offers, and_(offers.c.caregiver_id == _c.id, of_service))
    if chord is not None:
        statement = statement.where(*_nearby(shape, chord))
    if shape.free is not None:
        statement = statement.where(*perhaps_free(shape.free))
    if "last_value" in shape.asked:
        statement = statement.where(_behind(ordering))
    if ordering.descending:
        return statement.order_by(ordering.value.desc(), _c.id)
    return statement.order_by(ordering.value, _c.id)


def _number(name: str) -> ColumnElement[float]:
    return bindparam(name, type_=Float)


def _chord(shape: _Shape) -> ColumnElement[float] | None:
    if not shape.has_point:
        return None
    dx, dy, dz = _c.x - _number("x"), _c.y - _number("y"), _c.z - _number("z")
    return dx * dx + dy * dy + dz * dz


def _nearby(shape: _Shape, chord: ColumnElement[float]) -> list[ColumnElement[bool]]:
    limit = _number("reach") if "reach" in shape.asked else _c.action_chord_squared
    return [
        _c.lat.between(_number("south"), _number("north")),
        _c.lng.between(_number("west"), _number("east")),
        chord <= limit,
    ]


def _filters(shape: _Shape) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if "country" in shape.asked:
        conditions.append(_c.country == bindparam("country", type_=String))
    if "min_rating" in shape.asked:
        conditions.append(_c.rating_hundredths >= bindparam("min_rating", type_=Integer))
    if shape.instant_book is not None:
        conditions.append(_c.instant_book.is_(shape.instant_book))
    for table, column in (
        (caregiver_animals, caregiver_animals.c.animal),
        (caregiver_sizes, caregiver_sizes.c.size),
        (caregiver_badges, caregiver_badges.c.badge),
        (caregiver_languages, caregiver_languages.c.language),
    ):
        if column.name in shape.asked:
            wanted = column == bindparam(column.name, type_=String)
            conditions.append(exists().where(table.c.caregiver_id == _c.id, wanted))
    return conditions + _price_filters(shape)


def _price_filters(shape: _Shape) -> list[ColumnElement[bool]]:
    """On the price of the service asked for; without one, on any offer of the caregiver."""
    bounds: list[ColumnElement[bool]] = []
    if "min_price" in shape.asked:
        bounds.append(offers.c.price_cents >= bindparam("min_price", type_=Integer))
    if "max_price" in shape.asked:
        bounds.append(offers.c.price_cents <= bindparam("max_price", type_=Integer))
    if not bounds or "service" in shape.asked:
        return bounds
    return [exists().where(offers.c.caregiver_id == _c.id, *bounds)]


def _ordering(shape: _Shape) -> _Ordering:
    chord = _chord(shape)
    match shape.order:
        case SearchOrder.DISTANCE if chord is not None:
            return _Ordering(chord, descending=False)
        case SearchOrder.PRICE:
            price = offers.c.price_cents if "service" in shape.asked else _c.lowest_price_cents
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


def _explained(shape: _Shape, chord: ColumnElement[float] | None) -> list[ColumnElement[Any]]:
    if not shape.explain:
        return []
    closeness = literal(0.0, Float) if chord is None else 1.0 / _remoteness(chord)
    return [_quality().label("quality"), closeness.label("closeness"), _best_match(chord).label("score")]


def _behind(ordering: _Ordering) -> ColumnElement[bool]:
    bound = bindparam("last_value", type_=Integer if isinstance(ordering.value.type, Integer) else Float)
    beyond = ordering.value < bound if ordering.descending else ordering.value > bound
    return or_(beyond, and_(ordering.value == bound, _c.id > bindparam("last_id", type_=Uuid)))
