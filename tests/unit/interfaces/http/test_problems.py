import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID, uuid4

import msgspec
import pytest
from httpx import AsyncClient
from litestar import get, post
from litestar.exceptions import HTTPException, PermissionDeniedException
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from application.ports.circuit_breakers import CircuitOpen
from domain.accounts.sign_in import AuthenticationRequired, TooManyFailedLogins
from domain.pets.pet import BirthDateInFuture, PetNotFound
from domain.shared.errors import Conflict, DomainError, NotAllowed, Unavailable
from interfaces.http.json_body import NoInput
from tests.support.tiny_app import client_of, tiny_app


class PriceBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    amount_cents: Annotated[int, msgspec.Meta(ge=0)]


class OfferBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    price: PriceBody
    label: str = ""


class OffersBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    first_name: Annotated[str, msgspec.Meta(min_length=1)]
    offers: list[OfferBody] = []
    notes: dict[str, Any] = {}


class PayWindowNotOpen(Conflict):
    title = "The pay window is not open yet"


RAISED: dict[str, Exception] = {
    "not-found": PetNotFound(),
    "conflict": PayWindowNotOpen("It opens on Monday."),
    "not-allowed": NotAllowed(),
    "invalid": BirthDateInFuture(field="birthDate"),
    "unavailable": CircuitOpen(retry_after=7),
    "unauthenticated": AuthenticationRequired(),
    "limited": TooManyFailedLogins(retry_after=60),
    "bug": RuntimeError("the password is hunter2"),
    "forbidden-by-litestar": PermissionDeniedException("no"),
    "teapot": HTTPException("short and stout", status_code=418),
    "litestar-500": HTTPException("internal detail", status_code=500),
}


@get("/raise/{name:str}")
async def raise_error(name: FromPath[str]) -> None:
    raise RAISED[name]


@post("/offers")
async def make_offers(data: JSONBody[OffersBody]) -> OffersBody:
    return data


@post("/action", status_code=204)
async def act(data: JSONBody[NoInput | None] = None) -> None:
    assert data is None or isinstance(data, NoInput)


@get("/search")
async def search(
    needed: FromQuery[int], min_price_cents: Annotated[int | None, QueryParameter(name="minPriceCents", ge=0)] = None
) -> str:
    return "found"


@get("/things/{thing_id:uuid}")
async def thing(thing_id: FromPath[UUID]) -> str:
    return "thing"


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    async with client_of(tiny_app(raise_error, make_offers, act, search, thing)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("not-found", 404, "pet-not-found"),
        ("conflict", 409, "pay-window-not-open"),
        ("not-allowed", 403, "not-allowed"),
        ("invalid", 422, "birth-date-in-future"),
        ("unavailable", 503, "circuit-open"),
        ("unauthenticated", 401, "authentication-required"),
        ("limited", 429, "too-many-failed-logins"),
        ("bug", 500, "internal-error"),
        ("forbidden-by-litestar", 403, "not-allowed"),
        ("teapot", 418, "http-418"),
        ("litestar-500", 500, "internal-error"),
    ],
)
async def test_every_error_becomes_a_problem_with_its_status_and_code(
    client: AsyncClient, name: str, status: int, code: str
) -> None:
    response = await client.get(f"/raise/{name}")
    problem = response.json()
    assert response.status_code == problem["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["type"].rsplit("/", 1)[-1] == code
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == f"/raise/{name}"
    assert problem["support"] == "help@example.be"


async def test_a_conflict_tells_the_state(client: AsyncClient) -> None:
    problem = (await client.get("/raise/conflict")).json()
    assert (problem["title"], problem["detail"]) == ("The pay window is not open yet", "It opens on Monday.")
    assert "errors" not in problem


async def test_an_unexpected_error_tells_nothing_of_itself(client: AsyncClient) -> None:
    assert "hunter2" not in (await client.get("/raise/bug")).text
    assert "internal detail" not in (await client.get("/raise/litestar-500")).text


async def test_answers_that_ask_to_wait_say_how_long(client: AsyncClient) -> None:
    assert (await client.get("/raise/unavailable")).headers["retry-after"] == "7"
    assert (await client.get("/raise/limited")).headers["retry-after"] == "60"


async def test_a_401_says_how_to_authenticate(client: AsyncClient) -> None:
    assert (await client.get("/raise/unauthenticated")).headers["www-authenticate"] == 'Bearer realm="tailtribe"'


async def test_an_error_of_the_domain_names_its_field(client: AsyncClient) -> None:
    problem = (await client.get("/raise/invalid")).json()
    assert problem["errors"] == [{"field": "birthDate", "detail": "The birth date lies in the future"}]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "firstName"),
        ({"firstName": ""}, "firstName"),
        ({"firstName": 3}, "firstName"),
        ({"firstName": "An", "surprise": 1}, "surprise"),
        ({"firstName": "An", "offers": [{"price": {"amountCents": "3333"}}]}, "offers[0].price.amountCents"),
        ({"firstName": "An", "offers": [{"price": {"amountCents": -1}}]}, "offers[0].price.amountCents"),
        ({"firstName": "An", "offers": [{}]}, "offers[0].price"),
        ({"firstName": "An", "offers": [{"price": {"amountCents": 1, "x": 1}}]}, "offers[0].price.x"),
        ({"firstName": "An", "offers": {}}, "offers"),
    ],
)
async def test_a_body_that_does_not_fit_names_the_field_by_its_path(
    client: AsyncClient, body: object, field: str
) -> None:
    response = await client.post("/offers", json=body)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert response.json()["errors"][0]["detail"]


async def test_a_number_in_quotes_is_no_number_and_a_good_body_passes_unchanged(client: AsyncClient) -> None:
    body = {"firstName": "An", "offers": [{"price": {"amountCents": 3333}, "label": "x"}], "notes": {"a": [1, None]}}
    response = await client.post("/offers", json=body)
    assert (response.status_code, response.json()) == (201, body)


@pytest.mark.parametrize("body", [b"[]", b"3", b'"x"'])
async def test_another_kind_of_json_is_unprocessable(client: AsyncClient, body: bytes) -> None:
    assert (await client.post("/offers", content=body)).status_code == 422


@pytest.mark.parametrize(
    "body",
    [b"{", b"nul", b'{"firstName": "\xff"}', b"\xff\xfe", b'{"firstName":"An"} x', b'{"firstName":"a\nb"}', b"{'a':1}"],
)
async def test_what_is_no_json_is_malformed(client: AsyncClient, body: bytes) -> None:
    response = await client.post("/offers", content=body)
    assert response.status_code == 400
    assert response.json()["type"].endswith("/malformed-request")


async def test_json_nested_beyond_reason_is_malformed(client: AsyncClient) -> None:
    body = b'{"firstName":"An","notes":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    assert (await client.post("/offers", content=body)).status_code == 400


async def test_a_missing_body_is_asked_for(client: AsyncClient) -> None:
    response = await client.post("/offers")
    assert response.status_code == 422
    assert response.json()["errors"] == [{"detail": "A JSON body is required"}]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"firstName": "A\0n"}, "firstName"),
        ({"firstName": "An", "offers": [{"price": {"amountCents": 1}, "label": "\0"}]}, "offers[0].label"),
        ({"firstName": "An", "notes": {"deep": [{"er": "\0"}]}}, "notes.deep[0].er"),
        ({"firstName": "\ud800"}, "firstName"),
        ({"firstName": "An", "notes": {"emoji": "\udc00x"}}, "notes.emoji"),
    ],
)
async def test_text_that_no_database_stores_is_refused_by_field(client: AsyncClient, body: object, field: str) -> None:
    response = await client.post("/offers", content=json.dumps(body).encode())
    assert response.status_code == 422
    assert response.json()["type"].endswith("/text-not-storable")
    assert response.json()["errors"][0]["field"] == field


async def test_an_escaped_backslash_before_u0000_is_harmless_and_so_are_emoji(client: AsyncClient) -> None:
    for text in ("\\u0000", "🐕‍🦺 \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")):
        response = await client.post("/offers", content=json.dumps({"firstName": text}).encode())
        assert (response.status_code, response.json()["firstName"]) == (201, text)


async def test_nul_in_the_query_or_the_path_is_refused_by_name(client: AsyncClient) -> None:
    query = await client.get("/search?needed=1&place=Ge%00nt")
    assert (query.status_code, query.json()["errors"][0]["field"]) == (422, "place")
    path = await client.get("/raise/a%00b")
    assert (path.status_code, path.json()["errors"][0]["field"]) == (422, "name")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "needed"),
        ("needed=x", "needed"),
        ("needed=1&minPriceCents=-1", "minPriceCents"),
        ("needed=1&minPriceCents=x", "minPriceCents"),
    ],
)
async def test_a_bad_parameter_is_named_as_in_the_query(client: AsyncClient, query: str, field: str) -> None:
    response = await client.get(f"/search?{query}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)


async def test_an_action_takes_no_body_or_an_empty_object_and_nothing_else(client: AsyncClient) -> None:
    assert (await client.post("/action")).status_code == 204
    assert (await client.post("/action", json={})).status_code == 204
    assert (await client.post("/action", json={"x": 1})).status_code == 422


async def test_unknown_paths_methods_and_ids_are_problems_too(client: AsyncClient) -> None:
    for response, status in (
        (await client.get("/nowhere"), 404),
        (await client.get("/things/not-a-uuid"), 404),
        (await client.delete("/search"), 405),
    ):
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
    assert "GET" in (await client.delete("/search")).headers["allow"]
    assert (await client.get(f"/things/{uuid4()}")).status_code == 200


def test_every_kind_of_error_has_a_status() -> None:
    from interfaces.http.problems import status_of

    for kind in (*DomainError.__subclasses__(), Unavailable):
        assert 400 <= status_of(kind) < 600
