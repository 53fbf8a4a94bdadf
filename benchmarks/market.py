"""A marketplace of any size: approved caregivers where people live, loaded by COPY."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from application.ports.access_tokens import AccessClaims
from domain.accounts.session import SessionId
from domain.caregivers.caregiver_profile import Badge, CancellationPolicy
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize
from domain.shared.actor import AccountId
from domain.shared.languages import Language
from domain.shared.sphere import chord_squared, unit_vector
from infrastructure.tokens.jwt_access_tokens import JwtAccessTokens

SEED = 5
APPROVED_AT = datetime(2026, 1, 1, tzinfo=UTC)
Rows = dict[str, list[dict[str, Any]]]


def fill(url: str, count: int) -> None:
    """Adds `count` caregivers, their places drawn by population, the same ones each time."""
    asyncio.run(_fill(url, count))


def caregiver_id(number: int) -> UUID:
    return UUID(int=(0x0193_0000_0000_7000_8000 << 48) + number)


def account_id(number: int) -> UUID:
    return UUID(int=(0x0193_0000_0001_7000_8000 << 48) + number)


async def _fill(url: str, count: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        places = await connection.fetch("SELECT * FROM places WHERE population > 0 ORDER BY id")
        choice = random.Random(SEED)
        drawn = choice.choices(places, weights=[place["population"] for place in places], k=count)
        rows: Rows = {}
        for number, place in enumerate(drawn):
            _add(rows, number, place, choice)
        for table in _IN_ORDER:
            columns = list(rows[table][0])
            records = [tuple(row[column] for column in columns) for row in rows[table]]
            await connection.copy_records_to_table(table, columns=columns, records=records)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


_IN_ORDER = (
    "accounts",
    "caregivers",
    "offers",
    "caregiver_animals",
    "caregiver_sizes",
    "caregiver_languages",
    "caregiver_badges",
    "caregiver_photos",
)


def _add(rows: Rows, number: int, place: Any, choice: random.Random) -> None:
    def add(table: str, **row: Any) -> None:
        rows.setdefault(table, []).append(row)

    add("accounts", **_account(number))
    services = choice.sample(list(Service), choice.choice((1, 2, 2, 3, 3, 4)))
    prices = [choice.randrange(1000, 5000, 50) for _ in services]
    add("caregivers", **_caregiver(number, place, choice), lowest_price_cents=min(prices))
    profile = caregiver_id(number)
    for position, (service, price) in enumerate(zip(services, prices, strict=True)):
        add("offers", caregiver_id=profile, service=service.value, position=position, **_price(price))
    sets: dict[str, tuple[str, Any, Callable[[], int]]] = {
        "caregiver_animals": ("animal", Animal, lambda: choice.randint(1, 4)),
        "caregiver_sizes": ("size", AnimalSize, lambda: choice.randint(2, 5)),
        "caregiver_languages": ("language", Language, lambda: choice.randint(1, 3)),
        "caregiver_badges": ("badge", Badge, lambda: choice.randint(0, 3)),
    }
    for table, (column, values, how_many) in sets.items():
        # Everybody takes a dog of middling size, so that everybody can be asked for a quote.
        always = {"animal": {Animal.DOG}, "size": {AnimalSize.M}}.get(column, set[Any]())
        for value in sorted({*always, *choice.sample(list(values), how_many())}):
            add(table, caregiver_id=profile, **{column: value.value})
    for position in range(choice.randint(1, 3)):
        add("caregiver_photos", caregiver_id=profile, position=position, reference=f"photos/{number}-{position}.jpg")


def _account(number: int) -> dict[str, Any]:
    return {
        "id": account_id(number),
        "email": f"caregiver{number}@market.example",
        "password_hash": "none",
        "first_name": f"Carer{number}",
        "last_name": "Janssens",
        "language": "nl",
        "email_verified_at": APPROVED_AT,
        "is_admin": False,
        "created_at": APPROVED_AT,
        "version": 1,
    }


def _caregiver(number: int, place: Any, choice: random.Random) -> dict[str, Any]:
    reviews = choice.choice((0, 0, 1, 3, 8, 20, 60))
    total = sum(choice.choice((3, 4, 5, 5, 5)) for _ in range(reviews))
    x, y, z = unit_vector(place["lat"], place["lng"])
    radius = choice.choice((5, 10, 10, 15, 20, 30))
    return {
        "id": caregiver_id(number),
        "account_id": account_id(number),
        "status": "approved",
        "bio": "I have looked after animals all my life, and they know. " * 6,
        "place": place["name"],
        "country": place["country"],
        "postal_code": "9000" if place["country"] == "BE" else "1011 AB",
        "lat": place["lat"],
        "lng": place["lng"],
        "x": x,
        "y": y,
        "z": z,
        "action_radius_km": radius,
        "action_chord_squared": chord_squared(radius),
        "max_animals_at_once": choice.randint(1, 5),
        "cancellation_policy": choice.choice(list(CancellationPolicy)).value,
        "instant_book": choice.random() < 0.3,
        "time_zone": "Europe/Brussels" if place["country"] == "BE" else "Europe/Amsterdam",
        # Open whenever somebody asks.
        "availability_set": False,
        "can_receive_transfers": True,
        "rating_sum": total,
        "review_count": reviews,
        "rating_hundredths": round(100 * total / reviews) if reviews else 0,
        "created_at": APPROVED_AT,
        "approved_at": APPROVED_AT,
        "version": 1,
    }


def _price(cents: int) -> dict[str, Any]:
    return {"price_cents": cents, "extra_pet_price_cents": 500, "currency": "EUR", "holiday_surcharge_percent": 0}


async def sign_in(url: str, secret_key: str, count: int, *, again: bool = False) -> list[str]:
    """Opens a session for each of the first `count` accounts, with a dog of its own, unless they were signed in before;
    the values of their Authorization headers, good for fifteen minutes."""
    if not again:
        await _open_sessions(url, count)
    tokens = JwtAccessTokens(secret_key)
    now = datetime.now(UTC)
    claims = [
        AccessClaims(account_id=AccountId(account_id(n)), session_id=SessionId(session_id(n))) for n in range(count)
    ]
    return [f"Bearer {tokens.issue(claim, at=now)}" for claim in claims]


def session_id(number: int) -> UUID:
    return UUID(int=(0x0193_0000_0002_7000_8000 << 48) + number)


def pet_id(number: int) -> UUID:
    """The dog of the account with this number."""
    return UUID(int=(0x0193_0000_0003_7000_8000 << 48) + number)


async def _open_sessions(url: str, count: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        now = datetime.now(UTC)
        await connection.executemany(
            "INSERT INTO sessions (id, account_id, created_at) VALUES ($1, $2, $3)",
            [(session_id(number), account_id(number), now) for number in range(count)],
        )
        await connection.executemany(
            "INSERT INTO pets (id, owner_id, name, animal, size, created_at, version) "
            "VALUES ($1, $2, 'Rex', 'dog', 'm', $3, 1)",
            [(pet_id(number), account_id(number), now) for number in range(count)],
        )
    finally:
        await connection.close()
