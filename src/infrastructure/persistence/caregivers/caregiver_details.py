"""What caregivers have in tables of its own, for their cards and pages: one statement whatever their number."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Integer, String, Table, literal_column, null, select, union_all
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.caregiver_queries import OfferView
from application.ports.views import MoneyView
from domain.caregivers.caregiver_profile import Badge, Offer
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize
from domain.shared.languages import Language
from domain.shared.money import Money
from infrastructure.persistence.caregivers.caregiver_tables import (
    caregiver_animals,
    caregiver_badges,
    caregiver_languages,
    caregiver_photos,
    caregiver_sizes,
    offers,
)
from infrastructure.persistence.enum_values import by_value
from infrastructure.persistence.many_ids import IsAmong, statement_of_ids
from infrastructure.persistence.tables import AnySelect

_PRICES = ("price_cents", "extra_pet_price_cents", "holiday_surcharge_percent")
_SETS: dict[Table, tuple[str, Any]] = {
    caregiver_badges: ("badges", Badge),
    caregiver_animals: ("animals", Animal),
    caregiver_sizes: ("sizes", AnimalSize),
    caregiver_languages: ("languages", Language),
}
_OFFERS, _PHOTOS = "offers", "photos"
_SERVICES = by_value(Service)
_MEMBERS: dict[str, dict[str, Any]] = {name: by_value(kind) for name, kind in _SETS.values()}


async def load_card_details(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, dict[str, list[Any]]]:
    """Offers, badges and photos."""
    return await _load(connection, ids, _CARD.on(connection), _offer_view) if ids else {}


async def load_page_details(connection: AsyncConnection, caregiver_id: UUID) -> dict[str, list[Any]]:
    """The same, and animals, sizes and languages."""
    return (await _load(connection, [caregiver_id], _PAGE.on(connection), _offer_view))[caregiver_id]


async def load_profile_details(connection: AsyncConnection, caregiver_id: UUID) -> dict[str, list[Any]]:
    """The same in words of the domain. One statement, while others may wait for a lock."""
    return (await _load(connection, [caregiver_id], _PAGE.on(connection), _offer))[caregiver_id]


async def _load(
    connection: AsyncConnection, ids: Sequence[UUID], statement: Executable, as_offer: Callable[..., Any]
) -> dict[UUID, dict[str, list[Any]]]:
    details: dict[UUID, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for caregiver_id, name, _, value, *price in (await connection.execute(statement, {"ids": list(ids)})).all():
        meaning = as_offer(_SERVICES[value], *price) if name == _OFFERS else _meaning(name, value)
        details[caregiver_id][name].append(meaning)
    return details


def _meaning(name: str, value: str) -> Any:
    """A photo is a reference and nothing else."""
    return value if name == _PHOTOS else _MEMBERS[name][value]


def _offer(service: Service, price: int, extra_pet_price: int, surcharge: int, currency: str) -> Offer:
    return Offer(
        service=service,
        price=Money(price, currency),
        extra_pet_price=Money(extra_pet_price, currency),
        holiday_surcharge_percent=surcharge,
    )


def _offer_view(service: Service, price: int, extra_pet_price: int, surcharge: int, currency: str) -> OfferView:
    return OfferView(
        service=service,
        price=MoneyView(amount_cents=price, currency=currency),
        extra_pet_price=MoneyView(amount_cents=extra_pet_price, currency=currency),
        holiday_surcharge_percent=surcharge,
    )


def _statement(is_among: IsAmong, sets: Sequence[Table]) -> Executable:
    parts = [
        _part(_OFFERS, offers, offers.c.service, offers.c.position),
        _part(_PHOTOS, caregiver_photos, caregiver_photos.c.reference, caregiver_photos.c.position),
        *(_part(_SETS[table][0], table, list(table.c)[1], literal_column("0", Integer)) for table in sets),
    ]
    return union_all(*(part.where(is_among(part.selected_columns.caregiver_id)) for part in parts)).order_by(
        "position", "value"
    )


def _part(name: str, table: Table, value: Any, position: Any) -> AnySelect:
    prices: list[Any] = [sql_cast(null(), Integer).label(price) for price in _PRICES]
    currency: Any = sql_cast(null(), String).label("currency")
    if table is offers:
        prices, currency = [offers.c[price] for price in _PRICES], offers.c.currency
    return select(
        table.c.caregiver_id,
        literal_column(f"'{name}'", String).label("name"),
        position.label("position"),
        sql_cast(value, String).label("value"),
        *prices,
        currency,
    )


_CARD = statement_of_ids(lambda is_among: _statement(is_among, [caregiver_badges]))
_PAGE = statement_of_ids(lambda is_among: _statement(is_among, list(_SETS)))
