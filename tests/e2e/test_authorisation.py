"""Who gets in where: every route of the served document, tried by everybody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.people import (
    PASSWORD,
    Caregiver,
    Person,
    address,
    booking,
    caregiver,
    local,
    money,
    pay,
    pet,
    quote,
    request,
    request_body,
    sign_in,
    someone,
)
from tests.support.product import Product, eventually, ok, problem

ROLES = ("anonymous", "stranger", "other caregiver", "caregiver", "owner", "admin")
"""Of the booking, the pet and the profile that the routes below are about."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is on stage, and what belongs to whom. `ids` fill the parameters of paths."""

    owner: Person
    sitter: Caregiver
    stranger: Person
    other_sitter: Caregiver
    admin: Person
    anonymous: httpx.Client
    pet_id: str
    quote_id: str
    booking_id: str
    ids: Mapping[str, str]

    def client(self, role: str) -> httpx.Client:
        people = {
            "anonymous": self.anonymous,
            "stranger": self.stranger.client,
            "other caregiver": self.other_sitter.client,
            "caregiver": self.sitter.client,
            "owner": self.owner.client,
            "admin": self.admin.client,
        }
        return people[role]


@pytest.fixture(scope="module")
def cast(embedded: Product) -> Cast:
    sitter = caregiver(embedded, address("bart"), maxAnimalsAtOnce=20)
    owner = someone(embedded, address("an"))
    pet_id = pet(owner)
    operator = _an_admin(embedded)
    booking_id = request(owner, quote(owner, sitter.id, [pet_id])["id"])["id"]
    return Cast(
        owner=owner,
        sitter=sitter,
        stranger=someone(embedded, address("stef")),
        other_sitter=caregiver(embedded, address("carla")),
        admin=operator,
        anonymous=embedded.client(),
        pet_id=pet_id,
        quote_id=quote(owner, sitter.id, [pet_id])["id"],
        booking_id=booking_id,
        ids={
            "pet_id": pet_id,
            "unloved_pet_id": pet(owner),
            "booking_id": booking_id,
            "dispute_id": booking_id,
            "caregiver_id": sitter.id,
            "job_id": _a_finished_job(operator),
            "payment_id": _an_open_payment(owner, sitter, pet_id),
            "series_id": _a_series(owner, sitter, pet_id),
            "alert_id": str(uuid4()),
            "refund_id": str(uuid4()),
            "difference_id": str(uuid4()),
            "report_id": _a_statement(sitter),
            "promotion_id": _a_promotion(sitter),
            "report_format": "statement.csv",
            "queue": "no-such-queue",
        },
    )


def _an_admin(product: Product) -> Person:
    """One of our own: it signs out everywhere."""
    email = address("admin")
    product.command("create-admin", "--email", email, stdin=PASSWORD + "\n")
    return sign_in(product, email)


def _a_finished_job(operator: Person) -> str:
    def look() -> str | None:
        jobs = ok(operator.client.get("/api/admin/jobs", params={"limit": 50}))["items"]
        return next((job["id"] for job in jobs if job["status"] == "succeeded"), None)

    return eventually(look, what="a job that is done")


def _an_open_payment(owner: Person, sitter: Caregiver, pet_id: str) -> str:
    asked = request(owner, quote(owner, sitter.id, [pet_id])["id"])
    ok(sitter.client.post(f"/api/bookings/{asked['id']}/accept"))
    return ok(owner.client.post(f"/api/bookings/{asked['id']}/payment"))["paymentId"]


def _a_statement(sitter: Caregiver) -> str:
    job = ok(sitter.client.post("/api/reports/statements", json={"month": "2026-01"}), 202)
    return eventually(
        lambda: job["id"] if ok(sitter.client.get(f"/api/jobs/{job['id']}"))["resultUrl"] else None,
        what="the statement",
    )


def _a_promotion(sitter: Caregiver) -> str:
    given = {"code": "SUMMER-10", "percent": 10}
    return ok(sitter.client.post("/api/caregivers/me/promotions", json=given), 201)["id"]


def _a_series(owner: Person, sitter: Caregiver, pet_id: str) -> str:
    asked = {
        "caregiverId": sitter.id,
        "service": "dog_walking",
        "startAt": local(30, 9),
        "endAt": local(30, 10),
        "petIds": [pet_id],
        "recurrence": "weekly",
        "until": local(44, 12)[:10],
        "emergencyContact": {"name": "Jan", "phone": "+32 470 12 34 56"},
    }
    return ok(owner.client.post("/api/series", json=asked), 201)["id"]


# --- the matrix: what each role meets. `in` is any answer that is not about who asks: done, in the wrong state, or with
# a body that cannot be used.

IN = "in"
Expected = Mapping[str, str | int]
PUBLIC: Expected = dict.fromkeys(ROLES, IN)
SIGNED_IN: Expected = PUBLIC | {"anonymous": 401}
# There is no Stripe beside the sandbox.
NOT_HERE: Expected = dict.fromkeys(ROLES, 404)
ADMINS: Expected = dict.fromkeys(ROLES, 403) | {"anonymous": 401, "admin": IN}
# Past the guard an admin finds that there is no such thing: nothing of ours is to be paused or silenced.
ADMINS_FIND_NOTHING: Expected = ADMINS | {"admin": 404}
NOBODY: Expected = dict.fromkeys(ROLES, 404) | {"anonymous": 401}
THE_OWNER: Expected = NOBODY | {"owner": IN}
CAREGIVERS: Expected = NOBODY | {"caregiver": IN, "other caregiver": IN}
THE_CAREGIVER: Expected = NOBODY | {"caregiver": IN}
THE_ADMIN: Expected = NOBODY | {"admin": IN}
BOTH_PARTIES: Expected = NOBODY | {"owner": IN, "caregiver": IN}
PARTIES_AND_ADMINS: Expected = BOTH_PARTIES | {"admin": IN}
OWNERS_PART: Expected = NOBODY | {"owner": IN, "caregiver": 403, "admin": 403}
CAREGIVERS_PART: Expected = NOBODY | {"caregiver": IN, "owner": 403, "admin": 403}
# The sandbox is asked by the id of a payment, which only its booking's parties and admins may know.
PAYERS_PART: Expected = OWNERS_PART


@dataclass(frozen=True, slots=True)
class Row:
    """What each role meets at a route, and what is sent."""

    expected: Expected
    body: Callable[[Cast], Any] = lambda _: None
    query: Mapping[str, Any] = field(default_factory=dict[str, Any])
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    """Which of the cast's ids a parameter takes, when not the one of its own name."""


def sent(body: Any) -> Callable[[Cast], Any]:
    return lambda _: body


def _quote_body(cast: Cast) -> dict[str, Any]:
    return {
        "caregiverId": cast.sitter.id,
        "service": "dog_walking",
        "startAt": local(40, 9),
        "endAt": local(40, 10),
        "petIds": [cast.pet_id],
    }


def _series_body(cast: Cast) -> dict[str, Any]:
    return _quote_body(cast) | {"recurrence": "weekly", "until": local(54, 12)[:10], "dryRun": True}


A_DAY_OF_WALKS = {"service": "dog_walking", "from": local(40, 0), "to": local(41, 0)}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALWAYS_OPEN = {"timeZone": "Europe/Brussels", "weekly": {day: [{"start": "00:00", "end": "24:00"}] for day in DAYS}}
UNUSABLE = sent({"unknown": True})
PROJECTION = {"bookingsPerDay": 500, "averageCents": 3000, "costsCents": 12200, "days": 30}

MATRIX: dict[str, Row] = {
    # Accounts
    "POST /api/auth/register": Row(PUBLIC, UNUSABLE),
    "POST /api/auth/login": Row(PUBLIC, UNUSABLE),
    "POST /api/auth/refresh": Row(PUBLIC, UNUSABLE),
    "POST /api/auth/logout": Row(PUBLIC, UNUSABLE),
    "POST /api/auth/verify-email": Row(PUBLIC, UNUSABLE),
    "POST /api/auth/forgot-password": Row(PUBLIC, UNUSABLE),
    "POST /api/auth/reset-password": Row(PUBLIC, UNUSABLE),
    "GET /api/me": Row(SIGNED_IN),
    "PATCH /api/me": Row(SIGNED_IN, sent({})),
    "POST /api/me/password": Row(SIGNED_IN, UNUSABLE),
    "POST /api/me/verification": Row(SIGNED_IN),
    "DELETE /api/me/sessions": Row(SIGNED_IN),
    # Pets
    "GET /api/pets": Row(SIGNED_IN),
    "POST /api/pets": Row(SIGNED_IN, UNUSABLE),
    "GET /api/pets/{pet_id}": Row(THE_OWNER),
    "PATCH /api/pets/{pet_id}": Row(THE_OWNER, sent({"name": "Bobbie"})),
    "DELETE /api/pets/{pet_id}": Row(THE_OWNER, about={"pet_id": "unloved_pet_id"}),
    # Caregivers and what everybody may read
    "GET /api/caregivers/me": Row(CAREGIVERS),
    "PUT /api/caregivers/me": Row(SIGNED_IN, UNUSABLE),
    "GET /api/caregivers/me/availability": Row(CAREGIVERS),
    "PUT /api/caregivers/me/availability": Row(CAREGIVERS, sent(ALWAYS_OPEN)),
    "POST /api/caregivers/me/payout-account": Row(CAREGIVERS),
    "GET /api/caregivers/me/promotions": Row(CAREGIVERS),
    "POST /api/caregivers/me/promotions": Row(CAREGIVERS, sent({"code": "WINTER-10", "percent": 10})),
    "POST /api/caregivers/me/promotions/{promotion_id}/end": Row(THE_CAREGIVER),
    "GET /api/caregivers": Row(PUBLIC),
    "GET /api/caregivers/{caregiver_id}": Row(PUBLIC),
    "GET /api/caregivers/{caregiver_id}/free-periods": Row(PUBLIC, query=A_DAY_OF_WALKS),
    "GET /api/places": Row(PUBLIC, query={"q": "gent"}),
    "GET /api/home": Row(PUBLIC),
    # Bookings
    "POST /api/quotes": Row(THE_OWNER, _quote_body),
    "POST /api/bookings": Row(THE_OWNER, lambda cast: request_body(cast.quote_id)),
    "POST /api/series": Row(THE_OWNER, _series_body),
    "GET /api/series/{series_id}": Row(PARTIES_AND_ADMINS),
    "POST /api/series/{series_id}/cancel": Row(PARTIES_AND_ADMINS),
    "GET /api/bookings": Row(SIGNED_IN),
    "GET /api/bookings/calendar": Row(SIGNED_IN, query={"month": "2027-01"}),
    "GET /api/bookings/statistics": Row(SIGNED_IN),
    "GET /api/bookings/{booking_id}": Row(PARTIES_AND_ADMINS),
    "GET /api/bookings/{booking_id}/history": Row(PARTIES_AND_ADMINS),
    "GET /api/bookings/{booking_id}/report": Row(PARTIES_AND_ADMINS),
    "GET /api/bookings/{booking_id}/contact": Row(BOTH_PARTIES),
    "GET /api/bookings/{booking_id}/cancellation-preview": Row(PARTIES_AND_ADMINS),
    "POST /api/bookings/{booking_id}/accept": Row(CAREGIVERS_PART),
    "POST /api/bookings/{booking_id}/decline": Row(CAREGIVERS_PART),
    "POST /api/bookings/{booking_id}/cancel": Row(PARTIES_AND_ADMINS),
    "POST /api/bookings/{booking_id}/change": Row(OWNERS_PART, lambda cast: {"quoteId": cast.quote_id}),
    "POST /api/bookings/{booking_id}/change/accept": Row(CAREGIVERS_PART, lambda cast: {"quoteId": cast.quote_id}),
    "POST /api/bookings/{booking_id}/change/decline": Row(CAREGIVERS_PART),
    "POST /api/bookings/{booking_id}/change/withdraw": Row(OWNERS_PART),
    "POST /api/bookings/{booking_id}/payment": Row(OWNERS_PART),
    "POST /api/bookings/{booking_id}/check-in": Row(CAREGIVERS_PART),
    "POST /api/bookings/{booking_id}/check-out": Row(CAREGIVERS_PART),
    "POST /api/bookings/{booking_id}/dispute": Row(OWNERS_PART, sent({"reason": "no"})),
    "POST /api/sandbox/payments/{payment_id}/confirm": Row(PAYERS_PART, sent({"outcome": "declined"})),
    "POST /api/sandbox/payments/{payment_id}/chargeback": Row(PAYERS_PART, sent({"outcome": "opened"})),
    "POST /api/sandbox/payments/{payment_id}/return-refunds": Row(PAYERS_PART),
    # A caregiver's money
    "GET /api/earnings": Row(CAREGIVERS),
    "GET /api/earnings/payouts": Row(CAREGIVERS),
    "POST /api/reports/statements": Row(CAREGIVERS, sent({"month": "2026-01"})),
    "GET /api/reports/{report_id}/{report_format}": Row(THE_CAREGIVER),
    "POST /api/webhooks/stripe": Row(NOT_HERE),
    # Jobs that somebody asked for
    "GET /api/jobs/{job_id}": Row(THE_ADMIN),
    "POST /api/jobs/{job_id}/cancel": Row(THE_ADMIN),
    # Admins
    "GET /api/admin/caregivers": Row(ADMINS),
    "POST /api/admin/caregivers/{caregiver_id}/approve": Row(ADMINS),
    "POST /api/admin/caregivers/{caregiver_id}/reject": Row(ADMINS, sent({"reason": "no"})),
    "POST /api/admin/bookings/{booking_id}/cancel": Row(ADMINS),
    "POST /api/admin/bookings/{booking_id}/refund": Row(ADMINS),
    "POST /api/admin/bookings/{booking_id}/release-payout": Row(ADMINS, sent({"reason": "no"})),
    "GET /api/admin/ledger": Row(ADMINS),
    "GET /api/admin/payouts": Row(ADMINS),
    "GET /api/admin/refunds": Row(ADMINS),
    "POST /api/admin/refunds/{refund_id}/retry": Row(ADMINS_FIND_NOTHING, sent({"reason": "no"})),
    "GET /api/admin/chargebacks": Row(ADMINS),
    "GET /api/admin/reconciliation": Row(ADMINS),
    "POST /api/admin/reconciliation/{difference_id}/dismiss": Row(ADMINS_FIND_NOTHING, sent({"reason": "no"})),
    "GET /api/admin/disputes": Row(ADMINS),
    "POST /api/admin/disputes/{dispute_id}/decide": Row(ADMINS, sent({"decision": "pay"})),
    "GET /api/admin/jobs": Row(ADMINS),
    "POST /api/admin/jobs/{job_id}/retry": Row(ADMINS),
    "POST /api/admin/jobs/{job_id}/drop": Row(ADMINS, sent({"reason": "no"})),
    "GET /api/admin/queues": Row(ADMINS),
    "POST /api/admin/queues/{queue}/pause": Row(ADMINS_FIND_NOTHING),
    "POST /api/admin/queues/{queue}/resume": Row(ADMINS_FIND_NOTHING),
    "POST /api/admin/cache/clear": Row(ADMINS, sent({})),
    "GET /api/admin/alerts": Row(ADMINS),
    "POST /api/admin/alerts/{alert_id}/silence": Row(ADMINS_FIND_NOTHING, sent({"minutes": 5, "reason": "no"})),
    "GET /api/admin/errors": Row(ADMINS),
    "GET /api/admin/stream": Row(ADMINS),
    "GET /api/admin/statistics": Row(ADMINS),
    "GET /api/admin/revenue-projection": Row(ADMINS, query=PROJECTION),
    "GET /api/admin/metrics": Row(ADMINS),
    "GET /api/admin/metrics/history": Row(ADMINS),
    "GET /api/admin/circuit-breakers": Row(ADMINS),
    "GET /api/admin/circuit-breakers/history": Row(ADMINS),
    "POST /api/admin/circuit-breakers": Row(ADMINS, sent({"action": "reset", "breaker": "all"})),
    "GET /metrics": Row(ADMINS),
    # Health
    "GET /api/health": Row(PUBLIC),
    "GET /api/health/live": Row(PUBLIC),
    "GET /api/health/ready": Row(PUBLIC),
}


@pytest.fixture(scope="module")
def document(embedded: Product) -> dict[str, Any]:
    return ok(embedded.client().get("/schema"))


def test_every_route_of_the_document_has_its_row(document: dict[str, Any]) -> None:
    routes = {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert set(routes) - set(MATRIX) == set(), "routes without a row"
    assert set(MATRIX) - set(routes) == set(), "rows without a route"
    open_to_all = {route for route, operation in routes.items() if not operation.get("security")}
    assert open_to_all == {route for route, row in MATRIX.items() if row.expected in (PUBLIC, NOT_HERE)}


@pytest.mark.parametrize("route", MATRIX)
def test_everybody_meets_at_a_route_what_the_matrix_says(
    embedded: Product, cast: Cast, document: dict[str, Any], route: str
) -> None:
    row = MATRIX[route]
    method, path = route.split()
    documented = document["paths"][path][method.lower()]["responses"]
    before = booking(cast.owner, cast.booking_id)
    # Whoever is refused comes first, so that he is refused something that could be done.
    for role in sorted(ROLES, key=lambda role: row.expected[role] == IN):
        wanted = row.expected[role]
        if wanted == IN:
            before = None
        status = _status(cast, role, method, path, row)
        assert (IN if status not in (401, 403, 404) else status) == wanted, f"{role}: {status}"
        assert str(status) in documented, f"{status} is not in the document"
        if before is not None:
            assert booking(cast.owner, cast.booking_id) == before, f"{role} was refused, and changed something"
        if route == "DELETE /api/me/sessions" and role != "anonymous":
            _sign_in_again(embedded, cast, role)


def _status(cast: Cast, role: str, method: str, path: str, row: Row) -> int:
    """Only the status is waited for: one of the answers never ends."""
    body = row.body(cast)
    content = {} if body is None else {"json": body}
    ids = {**cast.ids, **{parameter: cast.ids[name] for parameter, name in row.about.items()}}
    with cast.client(role).stream(method, path.format(**ids), params=row.query, **content) as answer:
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer")
        return answer.status_code


def _sign_in_again(product: Product, cast: Cast, role: str) -> None:
    client = cast.client(role)
    people = (cast.owner, cast.sitter.person, cast.stranger, cast.other_sitter.person, cast.admin)
    (person,) = [person for person in people if person.client is client]
    client.headers["authorization"] = sign_in(product, person.email).client.headers["authorization"]


# --- what the matrix cannot say


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."])
def test_a_token_that_is_not_ours_is_refused_everywhere(cast: Cast, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    for path in ("/api/me", "/api/pets", "/api/admin/metrics"):
        problem(cast.anonymous.get(path, headers=headers), 401)
    # What everybody may read stays readable with a token that ran out.
    ok(cast.anonymous.get("/api/caregivers", headers=headers))


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
