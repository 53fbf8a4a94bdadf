"""People who use the product over HTTP, from registration to what a test needs of them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx

from tests.support.product import ADMIN, Product, eventually, ok, token_in

PASSWORD = "seven quiet otters 31"
EURO = "EUR"


def address(name: str) -> str:
    """An e-mail address that nobody else has."""
    return f"{name}.{uuid4().hex[:8]}@tailtribe.example"


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in account and its client."""

    email: str
    client: httpx.Client
    refresh_token: str
    id: str


def register(product: Product, email: str, *, first: str = "An", last: str = "Peeters", language: str = "nl") -> str:
    """The correlation id of what follows from it."""
    body = {"email": email, "password": PASSWORD, "firstName": first, "lastName": last, "language": language}
    answer = product.client().post("/api/auth/register", json=body)
    ok(answer, 201)
    return answer.headers["x-correlation-id"]


def verify(product: Product, email: str) -> None:
    mail = eventually(lambda: next(iter(product.mails_to(email)), None), what="the mail that verifies an address")
    ok(product.client().post("/api/auth/verify-email", json={"token": token_in(mail)}), 204)


def sign_in(product: Product, email: str, password: str = PASSWORD, *, at: int = 0) -> Person:
    tokens = ok(product.client(at).post("/api/auth/login", json={"email": email, "password": password}))
    client = product.client(at, token=tokens["accessToken"])
    return Person(email, client, tokens["refreshToken"], ok(client.get("/api/me"))["id"])


def someone(product: Product, email: str, **details: str) -> Person:
    """A registered, verified, signed-in account."""
    register(product, email, **details)
    verify(product, email)
    return sign_in(product, email)


def admin(product: Product) -> Person:
    return sign_in(product, *ADMIN)


def money(cents: int) -> dict[str, Any]:
    return {"amountCents": cents, "currency": EURO}


def profile_body(**changes: Any) -> dict[str, Any]:
    """A caregiver profile as it is PUT."""
    return {
        "bio": "Ik zorg al tien jaar voor honden en katten.",
        "place": "Gent",
        "country": "BE",
        "postalCode": "9000",
        "actionRadiusKm": 20,
        "animals": ["dog", "cat"],
        "sizes": ["xs", "s", "m", "l", "xl"],
        "maxAnimalsAtOnce": 3,
        "cancellationPolicy": "flexible",
        "instantBook": False,
        "languages": ["nl", "en"],
        "offers": [
            {
                "service": "dog_walking",
                "price": money(1800),
                "extraPetPrice": money(500),
                "holidaySurchargePercent": 0,
            }
        ],
    } | changes


@dataclass(frozen=True, slots=True)
class Caregiver:
    """A person with a profile that can be booked; `id` is the profile's."""

    person: Person
    id: str

    @property
    def client(self) -> httpx.Client:
        return self.person.client


def caregiver(product: Product, email: str, **profile: Any) -> Caregiver:
    """A verified, approved caregiver who can be paid."""
    person = someone(product, email, first="Bart", last="Claes")
    created = ok(person.client.put("/api/caregivers/me", json=profile_body(**profile)), 201)
    ok(person.client.post("/api/caregivers/me/payout-account"))
    ok(admin(product).client.post(f"/api/admin/caregivers/{created['id']}/approve", json={}))
    return Caregiver(person, created["id"])


def pet(owner: Person, **changes: Any) -> str:
    return ok(owner.client.post("/api/pets", json={"name": "Bobbie", "animal": "dog", "size": "m"} | changes), 201)[
        "id"
    ]


def local(days: int, hour: int, minute: int = 0, zone: str = "Europe/Brussels") -> str:
    """A wall-clock time some days ahead, as an instant."""
    day = _today(zone) + timedelta(days=days)
    return datetime.combine(day, time(hour, minute), ZoneInfo(zone)).astimezone(UTC).isoformat()


@cache
def _today(zone: str) -> date:
    """One for all of a run: what begins before midnight ends on the day it is meant to."""
    return datetime.now(ZoneInfo(zone)).date()


def quote(owner: Person, caregiver_id: str, pet_ids: list[str], **changes: Any) -> dict[str, Any]:
    body = {
        "caregiverId": caregiver_id,
        "service": "dog_walking",
        "startAt": local(3, 9),
        "endAt": local(3, 10),
        "petIds": pet_ids,
    } | changes
    return ok(owner.client.post("/api/quotes", json=body), 201)


def request_body(quote_id: str, **changes: Any) -> dict[str, Any]:
    return {"quoteId": quote_id, "emergencyContact": {"name": "Jan", "phone": "+32 470 12 34 56"}} | changes


def request(owner: Person, quote_id: str) -> dict[str, Any]:
    return ok(owner.client.post("/api/bookings", json=request_body(quote_id)), 201)


def booking(person: Person | Caregiver, booking_id: str) -> dict[str, Any]:
    return ok(person.client.get(f"/api/bookings/{booking_id}"))


def pay(owner: Person, booking_id: str) -> None:
    """Pays through the sandbox, and waits until the booking knows."""
    payment = ok(owner.client.post(f"/api/bookings/{booking_id}/payment"))
    confirm = f"/api/sandbox/payments/{payment['paymentId']}/confirm"
    ok(owner.client.post(confirm, json={"outcome": "succeeded"}))
    eventually(lambda: booking(owner, booking_id)["status"] == "paid", what="paying")
