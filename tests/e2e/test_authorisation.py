"""Every route of the journey tried by those it is not for."""

from dataclasses import dataclass

import httpx
import pytest

from tests.support.people import (
    Caregiver,
    Person,
    address,
    admin,
    booking,
    caregiver,
    money,
    pay,
    pet,
    profile_body,
    quote,
    request,
    request_body,
    someone,
)
from tests.support.product import Product, ok, problem


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is on stage, and what belongs to whom."""

    owner: Person
    sitter: Caregiver
    stranger: Person
    other_sitter: Caregiver
    admin: Person
    anonymous: httpx.Client
    pet_id: str
    quote_id: str
    booking_id: str
    job_id: str


@pytest.fixture(scope="module")
def cast(embedded: Product) -> Cast:
    sitter = caregiver(embedded, address("bart"), maxAnimalsAtOnce=20)
    owner = someone(embedded, address("an"))
    pet_id = pet(owner)
    operator = admin(embedded)
    return Cast(
        owner=owner,
        sitter=sitter,
        stranger=someone(embedded, address("stef")),
        other_sitter=caregiver(embedded, address("carla")),
        admin=operator,
        anonymous=embedded.client(),
        pet_id=pet_id,
        quote_id=quote(owner, sitter.id, [pet_id])["id"],
        booking_id=request(owner, quote(owner, sitter.id, [pet_id])["id"])["id"],
        job_id=ok(operator.client.get("/api/admin/jobs", params={"limit": 1}))["items"][0]["id"],
    )


PROJECTION = "/api/admin/revenue-projection?bookingsPerDay=500&averageCents=3000&costsCents=12200&days=30"

PROTECTED = [
    ("GET", "/api/me", None),
    ("PATCH", "/api/me", {"firstName": "Eve"}),
    ("POST", "/api/me/password", {"currentPassword": "x" * 12, "newPassword": "y" * 12}),
    ("POST", "/api/me/verification", None),
    ("DELETE", "/api/me/sessions", None),
    ("GET", "/api/pets", None),
    ("POST", "/api/pets", {"name": "Rex", "animal": "dog", "size": "m"}),
    ("GET", "/api/pets/{pet}", None),
    ("PATCH", "/api/pets/{pet}", {"name": "Rex"}),
    ("DELETE", "/api/pets/{pet}", None),
    ("GET", "/api/caregivers/me", None),
    ("PUT", "/api/caregivers/me", profile_body()),
    ("GET", "/api/caregivers/me/availability", None),
    ("PUT", "/api/caregivers/me/availability", {"timeZone": "Europe/Brussels", "weekly": {}}),
    ("POST", "/api/caregivers/me/payout-account", None),
    ("POST", "/api/quotes", None),
    ("POST", "/api/bookings", None),
    ("GET", "/api/bookings", None),
    ("GET", "/api/bookings/{booking}", None),
    ("GET", "/api/bookings/{booking}/history", None),
    ("GET", "/api/bookings/{booking}/cancellation-preview", None),
    ("POST", "/api/bookings/{booking}/accept", None),
    ("POST", "/api/bookings/{booking}/decline", None),
    ("POST", "/api/bookings/{booking}/cancel", None),
    ("POST", "/api/bookings/{booking}/payment", None),
    ("POST", "/api/sandbox/payments/{booking}/confirm", {"outcome": "succeeded"}),
    ("GET", "/api/admin/caregivers", None),
    ("POST", "/api/admin/caregivers/{caregiver}/approve", None),
    ("POST", "/api/admin/caregivers/{caregiver}/reject", {"reason": "no"}),
    ("GET", "/api/admin/metrics", None),
    ("GET", "/api/admin/circuit-breakers", None),
    ("GET", "/api/admin/circuit-breakers/history", None),
    ("POST", "/api/admin/circuit-breakers", {"action": "reset", "breaker": "all"}),
    ("GET", "/api/jobs/{job}", None),
    ("POST", "/api/jobs/{job}/cancel", None),
    ("GET", "/api/admin/jobs", None),
    ("POST", "/api/admin/jobs/{job}/retry", None),
    ("POST", "/api/admin/jobs/{job}/drop", {"reason": "no"}),
    ("POST", "/api/admin/cache/clear", {}),
    ("GET", "/api/admin/queues", None),
    ("POST", "/api/admin/queues/reports/pause", None),
    ("POST", "/api/admin/queues/reports/resume", None),
    ("GET", "/api/admin/statistics", None),
    ("GET", PROJECTION, None),
    ("GET", "/metrics", None),
]


def send(client: httpx.Client, cast: Cast, method: str, path: str, body: object = None) -> httpx.Response:
    filled = path.format(pet=cast.pet_id, booking=cast.booking_id, caregiver=cast.sitter.id, job=cast.job_id)
    return client.request(method, filled, json=body) if body is not None else client.request(method, filled)


@pytest.mark.parametrize(("method", "path", "body"), PROTECTED, ids=lambda value: str(value)[:60])
def test_nobody_gets_in_without_a_token(cast: Cast, method: str, path: str, body: object) -> None:
    refused = send(cast.anonymous, cast, method, path, body)
    assert problem(refused, 401)["status"] == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."])
def test_a_token_that_is_not_ours_is_refused_everywhere(cast: Cast, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    for path in ("/api/me", "/api/pets", "/api/admin/metrics"):
        problem(cast.anonymous.get(path, headers=headers), 401)
    # What everybody may read stays readable with a token that ran out.
    ok(cast.anonymous.get("/api/caregivers", headers=headers))


BOOKING_ROUTES = [
    ("GET", "/api/bookings/{booking}"),
    ("GET", "/api/bookings/{booking}/history"),
    ("GET", "/api/bookings/{booking}/cancellation-preview"),
    ("POST", "/api/bookings/{booking}/accept"),
    ("POST", "/api/bookings/{booking}/decline"),
    ("POST", "/api/bookings/{booking}/cancel"),
    ("POST", "/api/bookings/{booking}/payment"),
]


@pytest.mark.parametrize(("method", "path"), BOOKING_ROUTES)
def test_a_strangers_booking_does_not_exist(cast: Cast, method: str, path: str) -> None:
    for client in (cast.stranger.client, cast.other_sitter.client):
        problem(send(client, cast, method, path), 404)
    assert booking(cast.owner, cast.booking_id)["status"] == "pending"


@pytest.mark.parametrize(
    ("method", "suffix", "body"), [("GET", "", None), ("PATCH", "", {"name": "X"}), ("DELETE", "", None)]
)
def test_a_strangers_pet_does_not_exist(cast: Cast, method: str, suffix: str, body: object) -> None:
    for client in (cast.stranger.client, cast.sitter.client, cast.admin.client):
        problem(send(client, cast, method, f"/api/pets/{{pet}}{suffix}", body), 404)
    assert ok(cast.owner.client.get(f"/api/pets/{cast.pet_id}"))["name"] == "Bobbie"


def test_a_strangers_quote_or_pet_makes_no_booking(cast: Cast) -> None:
    problem(cast.stranger.client.post("/api/bookings", json=request_body(cast.quote_id)), 404)
    body = {
        "caregiverId": cast.sitter.id,
        "service": "dog_walking",
        "startAt": "2027-01-04T09:00:00Z",
        "endAt": "2027-01-04T10:00:00Z",
        "petIds": [cast.pet_id],
    }
    problem(cast.stranger.client.post("/api/quotes", json=body), 404)


def test_each_party_does_only_its_own_part(cast: Cast) -> None:
    problem(send(cast.owner.client, cast, "POST", "/api/bookings/{booking}/accept"), 403)
    problem(send(cast.owner.client, cast, "POST", "/api/bookings/{booking}/decline"), 403)
    problem(send(cast.sitter.client, cast, "POST", "/api/bookings/{booking}/payment"), 403)
    problem(send(cast.admin.client, cast, "POST", "/api/bookings/{booking}/accept"), 403)
    problem(send(cast.admin.client, cast, "POST", "/api/bookings/{booking}/payment"), 403)
    assert booking(cast.owner, cast.booking_id)["status"] == "pending"


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/jobs/{job}"), ("POST", "/api/jobs/{job}/cancel")])
def test_a_job_that_somebody_else_asked_for_does_not_exist(cast: Cast, method: str, path: str) -> None:
    for client in (cast.owner.client, cast.sitter.client, cast.stranger.client):
        problem(send(client, cast, method, path), 404)
    assert ok(send(cast.admin.client, cast, "GET", "/api/jobs/{job}"))["id"] == cast.job_id


def test_admin_routes_are_for_admins(cast: Cast) -> None:
    for method, path, body in PROTECTED:
        if path.startswith("/api/admin") or path == "/metrics":
            for client in (cast.owner.client, cast.sitter.client):
                problem(send(client, cast, method, path, body), 403)


def test_an_admin_reads_every_booking_and_may_cancel_it(cast: Cast) -> None:
    asked = request(cast.owner, quote(cast.owner, cast.sitter.id, [cast.pet_id])["id"])
    seen = booking(cast.admin, asked["id"])
    assert seen["commission"] == money(360)
    assert ok(cast.admin.client.post(f"/api/bookings/{asked['id']}/cancel", json={}))["status"] == "cancelled"


def test_only_the_owner_confirms_his_sandbox_payment(cast: Cast) -> None:
    asked = request(cast.owner, quote(cast.owner, cast.sitter.id, [cast.pet_id])["id"])
    ok(cast.sitter.client.post(f"/api/bookings/{asked['id']}/accept"))
    payment = ok(cast.owner.client.post(f"/api/bookings/{asked['id']}/payment"))
    confirm = f"/api/sandbox/payments/{payment['paymentId']}/confirm"
    problem(cast.stranger.client.post(confirm, json={"outcome": "succeeded"}), 404)
    problem(cast.sitter.client.post(confirm, json={"outcome": "succeeded"}), 403)
    assert booking(cast.owner, asked["id"])["status"] == "accepted"
    pay(cast.owner, asked["id"])
