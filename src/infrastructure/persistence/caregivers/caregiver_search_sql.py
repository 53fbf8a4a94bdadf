"""The search as one statement: a box to use the index, the squared chord to be exact, a keyset to page.

Building a statement takes longer than much of what it asks for, so there is one for each form that a search has,
whatever the values in it.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Float,
    Integer,
    String,
    Uuid,
    and_,
    bindparam,
    cast,
    exists,
    literal,
    or_,
    select,
)

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
_FORMS_REMEMBERED = 512
# Of a search these are in the statement, or not at all.
_FILTERS = tuple(
    field.name for field in fields(CaregiverSearch) if field.name not in ("free", "explain", "order", "limit")
)

_c = caregivers.c


@dataclass(frozen=True, slots=True)
class _Form:
    """What a statement depends on: which of the filters a search has, and what cannot be a parameter."""

    filters: frozenset[str]
    order: SearchOrder
    instant_book: bool | None
    explains: bool

    @property
    def is_located(self) -> bool:
        return "lat" in self.filters and "lng" in self.filters


@dataclass(frozen=True, slots=True)
class _Ordering:
    value: ColumnElement[Any]
    descending: bool


def search_statement(search: CaregiverSearch) -> tuple[AnySelect, dict[str, Any]]:
    """With its parameters. Rows of `id … chord_squared, sort_value`, one more than the limit to know whether there is a
    next page."""
    given = {name: value for name in _FILTERS if (value := getattr(search, name)) is not None}
    statement = _statement(_Form(frozenset(given), search.order, search.instant_book, bool(search.explain)))
    if search.free is not None:
        statement = statement.where(*perhaps_free(search.free, search.service))
    return statement, _parameters(search, given)


def _parameters(search: CaregiverSearch, given: dict[str, Any]) -> dict[str, Any]:
    parameters = {name: value.value if isinstance(value, Enum) else value for name, value in given.items()}
    parameters["limit"] = search.limit + 1
    if search.min_rating is not None:
        parameters["min_rating"] = round(search.min_rating * 100)
    if search.lat is not None and search.lng is not None:
        parameters |= _around(search.lat, search.lng, search.radius_km)
    if search.after is not None:
        value, last_id = search.after
        # A made-up cursor may hold any number; columns of whole numbers hold 32 bits.
        whole = int(max(-_LARGEST, min(_LARGEST, value)))
        parameters |= {"after": value, "after_whole": whole, "after_id": last_id}
    return parameters


def _around(lat: float, lng: float, radius_km: float | None) -> dict[str, float]:
    x, y, z = unit_vector(lat, lng)
    reach = MAX_ACTION_RADIUS_KM if radius_km is None else radius_km
    height, width = latitude_span(reach), longitude_span(reach, lat)
    box = {"south": lat - height, "north": lat + height, "west": lng - width, "east": lng + width}
    return {"x": x, "y": y, "z": z, "reach": chord_squared(reach), **box}


@lru_cache(maxsize=_FORMS_REMEMBERED)
def _statement(form: _Form) -> AnySelect:
    chord = _chord() if form.is_located else None
    ordering = _ordering(form, chord)
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
            *(_explanation(chord) if form.explains else ()),
        )
        .join(accounts, accounts.c.id == _c.account_id)
        .where(_c.status == CaregiverStatus.APPROVED.value, accounts.c.suspended_at.is_(None), *_filters(form))
        .limit(bindparam("limit", type_=Integer))
    )
    if "service" in form.filters:
        statement = statement.join(offers, and_(offers.c.caregiver_id == _c.id, offers.c.service == _text("service")))
    if chord is not None:
        statement = statement.where(*_nearby(form, chord))
    if "after" in form.filters:
        statement = statement.where(_behind(ordering))
    if ordering.descending:
        return statement.order_by(ordering.value.desc(), _c.id)
    return statement.order_by(ordering.value, _c.id)


def _number(name: str) -> BindParameter[float]:
    return bindparam(name, type_=Float)


def _whole(name: str) -> BindParameter[int]:
    return bindparam(name, type_=Integer)


def _text(name: str) -> BindParameter[str]:
    return bindparam(name, type_=String)


def _chord() -> ColumnElement[float]:
    dx, dy, dz = _c.x - _number("x"), _c.y - _number("y"), _c.z - _number("z")
    return dx * dx + dy * dy + dz * dz


def _nearby(form: _Form, chord: ColumnElement[float]) -> list[ColumnElement[bool]]:
    limit = _number("reach") if "radius_km" in form.filters else _c.action_chord_squared
    return [
        _c.lat.between(_number("south"), _number("north")),
        _c.lng.between(_number("west"), _number("east")),
        chord <= limit,
    ]


def _filters(form: _Form) -> list[ColumnElement[bool]]:
    conditions: dict[str, Callable[[], ColumnElement[bool]]] = {
        "country": lambda: _c.country == _text("country"),
        "min_rating": lambda: _c.rating_hundredths >= _whole("min_rating"),
        "instant_book": lambda: _c.instant_book.is_(form.instant_book),
        "animal": lambda: _has(caregiver_animals.c.animal, "animal"),
        "size": lambda: _has(caregiver_sizes.c.size, "size"),
        "badge": lambda: _has(caregiver_badges.c.badge, "badge"),
        "language": lambda: _has(caregiver_languages.c.language, "language"),
    }
    return [make() for name, make in conditions.items() if name in form.filters] + _price_filters(form)


def _has(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return exists().where(column.table.c.caregiver_id == _c.id, column == _text(name))


def _price_filters(form: _Form) -> list[ColumnElement[bool]]:
    """On the price of the service asked for; without one, on any offer of the caregiver."""
    bounds: list[ColumnElement[bool]] = []
    if "min_price_cents" in form.filters:
        bounds.append(offers.c.price_cents >= _whole("min_price_cents"))
    if "max_price_cents" in form.filters:
        bounds.append(offers.c.price_cents <= _whole("max_price_cents"))
    if not bounds or "service" in form.filters:
        return bounds
    return [exists().where(offers.c.caregiver_id == _c.id, *bounds)]


def _ordering(form: _Form, chord: ColumnElement[float] | None) -> _Ordering:
    match form.order:
        case SearchOrder.DISTANCE if chord is not None:
            return _Ordering(chord, descending=False)
        case SearchOrder.PRICE:
            price = offers.c.price_cents if "service" in form.filters else _c.lowest_price_cents
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


def _explanation(chord: ColumnElement[float] | None) -> list[ColumnElement[Any]]:
    closeness = literal(0.0, Float) if chord is None else 1.0 / _remoteness(chord)
    return [_quality().label("quality"), closeness.label("closeness"), _best_match(chord).label("score")]


def _behind(ordering: _Ordering) -> ColumnElement[bool]:
    bound = _whole("after_whole") if isinstance(ordering.value.type, Integer) else _number("after")
    last_id: BindParameter[UUID] = bindparam("after_id", type_=Uuid)
    beyond = ordering.value < bound if ordering.descending else ordering.value > bound
    return or_(beyond, and_(ordering.value == bound, _c.id > last_id))
