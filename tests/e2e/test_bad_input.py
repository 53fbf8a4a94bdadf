"""Everything that crosses the boundary is checked: a problem document names the culprit, and nothing is written."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.people import (
    Caregiver,
    Person,
    address,
    caregiver,
    local,
    money,
    pet,
    profile_body,
    quote,
    register,
    request,
    request_body,
    sign_in,
    someone,
)
from tests.support.product import Product, ok, problem


@dataclass(frozen=True, slots=True)
class Cast:
    product: Product
    owner: Person
    sitter: Caregiver
    pet_id: str

    def quote_body(self, **changes: Any) -> dict[str, Any]:
        return {
            "caregiverId": self.sitter.id,
            "service": "dog_walking",
            "startAt": local(4, 9),
            "endAt": local(4, 10),
            "petIds": [self.pet_id],
        } | changes


@pytest.fixture(scope="module")
def cast(embedded: Product) -> Cast:
    sitter = caregiver(embedded, address("bart"))
    owner = someone(embedded, address("an"))
    return Cast(embedded, owner, sitter, pet(owner))


def fields_of(refused: dict[str, Any]) -> set[str]:
    return {error["field"] for error in refused.get("errors", [])}


def code_of(refused: dict[str, Any]) -> str:
    return refused["type"].rsplit("/", 1)[-1]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"startAt": local(4, 10), "endAt": local(4, 9)}, "endAt"),
        ({"startAt": local(4, 9), "endAt": local(4, 9)}, "endAt"),
        ({"startAt": local(-2, 9), "endAt": local(-2, 10)}, "startAt"),
        ({"startAt": local(400, 9), "endAt": local(400, 10)}, "startAt"),
        ({"startAt": "2026-12-01T09:00:00"}, "startAt"),
        ({"startAt": "0001-01-01T00:00:00+14:00"}, "startAt"),
        ({"endAt": "9999-12-31T23:59:59-14:00"}, "endAt"),
        ({"startAt": "yesterday"}, "startAt"),
        ({"startAt": 1780000000}, "startAt"),
        ({"service": "dog_flying"}, "service"),
        ({"service": "dog_training"}, "service"),
        ({"petIds": []}, "petIds"),
        ({"petIds": ["nonsense"]}, "petIds[0]"),
        ({"caregiverId": 7}, "caregiverId"),
        ({"promo": "FREE"}, "promo"),
        ({"promo": "FR\x00EE"}, "promo"),
        ({"promo": ""}, "promo"),
        ({"promo": "x" * 41}, "promo"),
        ({"promo": "FREE", "meetAndGreet": True}, "promo"),
        ({"surprise": 1}, "surprise"),
    ],
    ids=lambda value: str(value)[:70],
)
def test_a_bad_quote_is_refused_by_field(cast: Cast, changes: dict[str, Any], field: str) -> None:
    refused = problem(cast.owner.client.post("/api/quotes", json=cast.quote_body(**changes)), 422)
    assert fields_of(refused) == {field}, refused


def test_a_pet_named_twice_is_refused(cast: Cast) -> None:
    body = cast.quote_body(petIds=[cast.pet_id, cast.pet_id])
    assert fields_of(problem(cast.owner.client.post("/api/quotes", json=body), 422)) == {"petIds"}


def test_nobody_books_himself(cast: Cast) -> None:
    own_pet = pet(cast.sitter.person)
    body = cast.quote_body(petIds=[own_pet])
    refused = problem(cast.sitter.client.post("/api/quotes", json=body), 422)
    assert fields_of(refused) == {"caregiverId"}


def test_a_caregiver_who_is_not_approved_is_not_there(cast: Cast) -> None:
    person = someone(cast.product, address("nele"))
    profile = ok(person.client.put("/api/caregivers/me", json=profile_body()), 201)
    problem(cast.product.client().get(f"/api/caregivers/{profile['id']}"), 404)
    body = cast.quote_body(caregiverId=profile["id"])
    problem(cast.owner.client.post("/api/quotes", json=body), 404)
    listed = ok(cast.product.client().get("/api/caregivers", params={"limit": 50}))["items"]
    assert profile["id"] not in {item["id"] for item in listed}


def test_an_unverified_address_cannot_book(cast: Cast) -> None:
    email = address("uma")
    register(cast.product, email)
    unverified = sign_in(cast.product, email)
    animal = pet(unverified)
    quoted = cast.owner.client.post("/api/quotes", json=cast.quote_body())
    body = cast.quote_body(petIds=[animal])
    own = ok(unverified.client.post("/api/quotes", json=body), 201)
    refused = problem(unverified.client.post("/api/bookings", json=request_body(own["id"])), 403)
    assert code_of(refused) == "email-not-verified"
    assert quoted.status_code == 201


def test_a_used_quote_is_refused(cast: Cast) -> None:
    quoted = quote(cast.owner, cast.sitter.id, [cast.pet_id], startAt=local(11, 9), endAt=local(11, 10))
    request(cast.owner, quoted["id"])
    refused = problem(cast.owner.client.post("/api/bookings", json=request_body(quoted["id"])), 409)
    assert code_of(refused) == "quote-already-used"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quoteId": "x"}, "quoteId"),
        ({"emergencyContact": {"name": "", "phone": "+32 470 12 34 56"}}, "emergencyContact.name"),
        ({"emergencyContact": {"name": "   ", "phone": "+32 470 12 34 56"}}, "emergencyContact.name"),
        ({"emergencyContact": {"name": "Jan", "phone": "call me"}}, "emergencyContact.phone"),
        ({"emergencyContact": {"name": "Jan"}}, "emergencyContact.phone"),
        ({"emergencyContact": {"name": "J" * 81, "phone": "+32 470 12 34 56"}}, "emergencyContact.name"),
        ({"emergencyContact": {"name": "Jan", "phone": "+32 470 12 34 56\n"}}, "emergencyContact.phone"),
        ({"notes": "a\u0000b"}, "notes"),
        ({"notes": "x" * 2001}, "notes"),
        ({"offLeashAllowed": "yes"}, "offLeashAllowed"),
    ],
    ids=lambda value: str(value)[:70],
)
def test_a_bad_request_is_refused_by_field_and_leaves_the_quote_unused(
    cast: Cast, changes: dict[str, Any], field: str
) -> None:
    quoted = quote(cast.owner, cast.sitter.id, [cast.pet_id])
    refused = problem(cast.owner.client.post("/api/bookings", json=request_body(quoted["id"]) | changes), 422)
    assert fields_of(refused) == {field}, refused


@pytest.mark.parametrize("action", ["accept", "decline", "payment"])
def test_a_wrong_state_is_named(cast: Cast, action: str) -> None:
    quoted = quote(cast.owner, cast.sitter.id, [cast.pet_id], startAt=local(12, 9), endAt=local(12, 10))
    asked = request(cast.owner, quoted["id"])
    ok(cast.owner.client.post(f"/api/bookings/{asked['id']}/cancel"))
    actor = cast.owner if action == "payment" else cast.sitter
    refused = problem(actor.client.post(f"/api/bookings/{asked['id']}/{action}"), 409)
    assert "cancelled" in refused["detail"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"place": "Atlantis"}, "place"),
        ({"place": "Amsterdam", "country": "BE"}, "place"),
        ({"country": "FR"}, "country"),
        ({"postalCode": "x"}, "postalCode"),
        ({"actionRadiusKm": 0}, "actionRadiusKm"),
        ({"actionRadiusKm": 101}, "actionRadiusKm"),
        ({"maxAnimalsAtOnce": 21}, "maxAnimalsAtOnce"),
        ({"animals": []}, "animals"),
        ({"animals": ["unicorn"]}, "animals[0]"),
        ({"bio": "  "}, "bio"),
        ({"offers": []}, "offers"),
        ({"offers": [{"service": "dog_walking", "price": money(0)}]}, "offers[0].price.amountCents"),
        ({"offers": [{"service": "dog_walking", "price": money(-5)}]}, "offers[0].price.amountCents"),
        ({"offers": [{"service": "dog_walking", "price": {"amountCents": 12.5}}]}, "offers[0].price.amountCents"),
        (
            {"offers": [{"service": "dog_walking", "price": {"amountCents": 100, "currency": "USD"}}]},
            "offers[0].price.currency",
        ),
        ({"offers": [{"service": "dog_walking", "price": money(100)}] * 2}, "offers"),
        ({"photos": ["../../etc/passwd\n"]}, "photos[0]"),
        ({"id": "x"}, "id"),
        ({"postalCode": "9000\n"}, "postalCode"),
        ({"postalCode": "9000 AB"}, "postalCode"),
        ({"photos": ["a.jpg\n"]}, "photos[0]"),
        (
            {"offers": [{"service": "dog_walking", "price": {"amountCents": 100, "currency": "EUR\n"}}]},
            "offers[0].price.currency",
        ),
    ],
    ids=lambda value: str(value)[:70],
)
def test_a_bad_profile_is_refused_by_field_and_changes_nothing(cast: Cast, changes: dict[str, Any], field: str) -> None:
    before = ok(cast.sitter.client.get("/api/caregivers/me"))
    refused = problem(cast.sitter.client.put("/api/caregivers/me", json=profile_body(**changes)), 422)
    assert fields_of(refused) == {field}, refused
    assert ok(cast.sitter.client.get("/api/caregivers/me")) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"timeZone": "Mars/Olympus", "weekly": {}}, "timeZone"),
        (
            {"timeZone": "Europe/Brussels", "weekly": {"monday": [{"start": "25:00", "end": "26:00"}]}},
            "weekly.monday[0].start",
        ),
        (
            {"timeZone": "Europe/Brussels", "weekly": {"monday": [{"start": "10:00", "end": "09:00"}]}},
            "weekly.monday[0]",
        ),
        ({"timeZone": "Europe/Brussels", "weekly": {"someday": []}}, "weekly.someday"),
        (
            {
                "timeZone": "Europe/Brussels",
                "weekly": {"monday": [{"start": "09:00", "end": "12:00"}, {"start": "11:00", "end": "13:00"}]},
            },
            "weekly.monday",
        ),
        (
            {"timeZone": "Europe/Brussels", "weekly": {}, "exceptions": [{"date": "2027-02-30", "closed": True}]},
            "exceptions[0].date",
        ),
        ({"timeZone": "Europe/Brussels", "weekly": {}, "exceptions": [{"date": "2027-02-03"}]}, "exceptions[0]"),
        ({"timeZone": "Europe/Brussels", "weekly": {}, "minimumNoticeHours": -1}, "minimumNoticeHours"),
    ],
    ids=lambda value: str(value)[:90],
)
def test_bad_availability_is_refused_by_field(cast: Cast, body: dict[str, Any], field: str) -> None:
    refused = problem(cast.sitter.client.put("/api/caregivers/me/availability", json=body), 422)
    assert fields_of(refused) == {field}, refused


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "no"}, "code"),
        ({"code": "x" * 41}, "code"),
        ({"code": "sum mer"}, "code"),
        ({"code": "zömer"}, "code"),
        ({"code": "summer\n"}, "code"),
        ({"percent": 0}, "percent"),
        ({"percent": 91}, "percent"),
        ({"percent": 12.5}, "percent"),
        ({"percent": None}, "percent"),
        ({"amount": money(500)}, "percent"),
        ({"percent": None, "amount": money(0)}, "amount.amountCents"),
        ({"percent": None, "amount": {"amountCents": 100, "currency": "USD"}}, "amount.currency"),
        ({"services": ["dog_flying"]}, "services[0]"),
        ({"validFrom": "2026-12-01T09:00:00"}, "validFrom"),
        ({"validFrom": "0001-01-01T00:00:00+14:00"}, "validFrom"),
        ({"validUntil": "9999-12-31T23:59:59-14:00"}, "validUntil"),
        ({"validUntil": local(-1, 9)}, "validUntil"),
        ({"validFrom": local(2, 9), "validUntil": local(2, 9)}, "validUntil"),
        ({"maxUses": 0}, "maxUses"),
        ({"maxUses": 2**31}, "maxUses"),
        ({"oncePerOwner": "yes"}, "oncePerOwner"),
        ({"uses": 0}, "uses"),
    ],
    ids=lambda value: str(value)[:70],
)
def test_a_bad_promotion_is_refused_by_field_and_not_kept(cast: Cast, changes: dict[str, Any], field: str) -> None:
    path = "/api/caregivers/me/promotions"
    refused = problem(cast.sitter.client.post(path, json={"code": "summer", "percent": 10} | changes), 422)
    assert fields_of(refused) == {field}, refused
    assert ok(cast.sitter.client.get(path))["items"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"animal": "other"}, "animalName"),
        ({"birthDate": "2099-01-01"}, "birthDate"),
        ({"birthDate": "01-02-2020"}, "birthDate"),
        ({"weightKg": -1}, "weightKg"),
        ({"weightKg": 1e300}, "weightKg"),
        ({"chipNumber": "'; DROP TABLE pets"}, "chipNumber"),
        ({"chipNumber": "981020000123456\n"}, "chipNumber"),
        ({"birthDate": "0001-01-01"}, "birthDate"),
        ({"size": "huge"}, "size"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_bad_pet_is_refused_by_field_and_not_kept(cast: Cast, changes: dict[str, Any], field: str) -> None:
    before = len(ok(cast.owner.client.get("/api/pets"))["items"])
    body = {"name": "Rex", "animal": "dog", "size": "m"} | changes
    refused = problem(cast.owner.client.post("/api/pets", json=body), 422)
    assert fields_of(refused) == {field}, refused
    assert len(ok(cast.owner.client.get("/api/pets"))["items"]) == before


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"place": "Nowhereville"}, "place"),
        ({"place": "Gent", "lat": "51", "lng": "3"}, "place"),
        ({"lat": "51"}, "lng"),
        ({"lat": "91", "lng": "3"}, "lat"),
        ({"lat": "nan", "lng": "3"}, "lat"),
        ({"lat": "x", "lng": "3"}, "lat"),
        ({"radiusKm": "101"}, "radiusKm"),
        ({"radiusKm": "-1"}, "radiusKm"),
        ({"radiusKm": "inf"}, "radiusKm"),
        ({"minRating": "6"}, "minRating"),
        ({"sort": "magic"}, "sort"),
        ({"limit": "0"}, "limit"),
        ({"limit": "51"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "%%%"}, "cursor"),
        ({"cursor": "bm90IGpzb24"}, "cursor"),
        ({"cursor": "WyJ4IiwgMV0"}, "cursor"),
        ({"service": "x"}, "service"),
        ({"minPriceCents": "99999999999"}, "minPriceCents"),
        ({"place": "a\x00b"}, "place"),
        ({"colour": "blue"}, "colour"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_bad_search_is_refused_by_parameter(cast: Cast, params: dict[str, str], field: str) -> None:
    refused = problem(cast.product.client().get("/api/caregivers", params=params), 422)
    assert fields_of(refused) == {field}, refused
    assert (code_of(refused) == "unknown-parameter") == (field == "colour"), refused


def test_a_made_up_cursor_with_a_huge_number_is_answered(cast: Cast) -> None:
    # The number is 1e300.
    cursor = "WzFlMzAwLCIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDAiXQ"
    for sort in ("price", "rating", "best"):
        answer = cast.product.client().get("/api/caregivers", params={"cursor": cursor, "sort": sort})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"", 422),
        (b"\xff\xfe", 400),
        (b"[]", 422),
        (b"null", 422),
        (b'"text"', 422),
        (b"[" * 5000, 422),
        (b"1" * 5000, 422),
        (b'{"name": "\\ud83d", "animal": "dog", "size": "m"}', 422),
    ],
    ids=["cut off", "empty", "not UTF-8", "a list", "null", "a string", "deep", "a huge number", "a lone surrogate"],
)
def test_a_body_that_is_no_object_is_refused(cast: Cast, content: bytes, status: int) -> None:
    headers = {"content-type": "application/json"}
    problem(cast.owner.client.post("/api/pets", content=content, headers=headers), status)


def test_a_body_of_ten_megabytes_is_refused(cast: Cast) -> None:
    body = b'{"name": "' + b"x" * (10 * 1024 * 1024) + b'"}'
    headers = {"content-type": "application/json"}
    problem(cast.owner.client.post("/api/pets", content=body, headers=headers), 413)

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    problem(cast.owner.client.post("/api/pets", content=chunks(), headers=headers), 413)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/pets/not-a-uuid", 404),
        ("GET", "/api/bookings/00000000-0000-0000-0000-000000000000", 404),
        ("GET", "/api/nothing", 404),
        ("PUT", "/api/pets", 405),
        ("GET", "/api/bookings?status=sleeping", 422),
        ("GET", "/api/bookings?from=0001-01-01T00:00:00%2B14:00", 422),
        ("GET", "/api/bookings?role=provider", 422),
        ("GET", "/api/pets?cursor=%00", 422),
    ],
)
def test_a_wrong_address_is_a_problem_document(cast: Cast, method: str, path: str, status: int) -> None:
    refused = cast.owner.client.request(method, path)
    told = problem(refused, status)
    assert told["correlationId"] == refused.headers["x-correlation-id"]
    assert refused.headers["x-content-type-options"] == "nosniff"


def test_the_same_idempotency_key_makes_one_booking(cast: Cast) -> None:
    quoted = quote(cast.owner, cast.sitter.id, [cast.pet_id], startAt=local(13, 9), endAt=local(13, 10))
    headers = {"idempotency-key": uuid4().hex}
    first = cast.owner.client.post("/api/bookings", json=request_body(quoted["id"]), headers=headers)
    again = cast.owner.client.post("/api/bookings", json=request_body(quoted["id"]), headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    other = cast.owner.client.post("/api/bookings", json=request_body(quoted["id"], notes="other"), headers=headers)
    problem(other, 422)


def test_parameters_are_named_as_they_were_sent(cast: Cast) -> None:
    for query, field in (("status=x", "status"), ("from=x", "from"), ("to=x", "to"), ("limit=x", "limit")):
        assert fields_of(problem(cast.owner.client.get(f"/api/bookings?{query}"), 422)) == {field}


def test_a_price_beyond_all_reason_is_still_a_number(product: Product) -> None:
    offer = {"service": "dog_walking", "price": money(1_000_000), "extraPetPrice": money(1_000_000)}
    sitter = caregiver(product, address("dear"), maxAnimalsAtOnce=20, offers=[offer])
    owner = someone(product, address("rich"))
    pets = [pet(owner) for _ in range(20)]
    priced = quote(owner, sitter.id, pets, startAt=local(2, 12), endAt=local(32, 12))
    assert priced["gross"]["amountCents"] > 2**31
    assert request(owner, priced["id"])["gross"] == priced["gross"]


def test_limits_are_told_and_kept(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Any) -> None:
    data_dir = tmp_path_factory.mktemp("limited")
    shutil.copy(sqlite_template, data_dir / "tailtribe.sqlite3")
    product = Product(data_dir, {"RATE_LIMIT_AUTH_PER_MINUTE": "5"})
    product.start()
    try:
        answers: list[httpx.Response] = [
            product.client().post("/api/auth/login", json={"email": "x@y.be", "password": "wrong"}) for _ in range(7)
        ]
        assert [answer.status_code for answer in answers[:5]] == [401] * 5
        refused = answers[6]
        problem(refused, 429)
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["ratelimit-limit"] == "5"
        assert refused.headers["ratelimit-remaining"] == "0"
    finally:
        product.stop()
