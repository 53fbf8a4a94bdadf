import re
from typing import Any
from uuid import UUID

import pytest
from litestar import Response, get

from application.correlation import correlation_id
from interfaces.http.correlation import Correlation
from interfaces.http.cors import Cors
from interfaces.http.security_headers import SecurityHeaders
from tests.support.tiny_app import client_of, tiny_app


@get("/id")
async def show_id() -> dict[str, str | None]:
    return {"id": correlation_id.get()}


@get("/page")
async def page() -> Response[str]:
    return Response("x", headers={"cache-control": "public", "content-security-policy": "default-src 'self'"})


async def test_a_harmless_id_of_the_caller_is_kept_and_answered() -> None:
    async with client_of(tiny_app(show_id, outer=[Correlation()])) as client:
        response = await client.get("/id", headers={"X-Correlation-ID": "trace.2026_11-02"})
    assert response.headers["x-correlation-id"] == response.json()["id"] == "trace.2026_11-02"


@pytest.mark.parametrize("given", ["short", "x" * 65, "with blank 12", "<script>alert(1)", "{jndi:ldap}x"])
async def test_any_other_id_is_replaced(given: str) -> None:
    async with client_of(tiny_app(show_id, outer=[Correlation()])) as client:
        response = await client.get("/id", headers={"X-Correlation-ID": given})
    assert UUID(response.headers["x-correlation-id"])


async def test_a_problem_carries_the_id_also_where_no_route_matched() -> None:
    async with client_of(tiny_app(show_id, outer=[Correlation()])) as client:
        response = await client.get("/nowhere")
    assert response.json()["correlationId"] == response.headers["x-correlation-id"]


async def test_nothing_is_cached_framed_or_sniffed_by_default() -> None:
    async with client_of(tiny_app(show_id, outer=[SecurityHeaders(https_only=False)])) as client:
        headers = (await client.get("/id")).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "strict-transport-security" not in headers


async def test_what_a_handler_says_itself_stands() -> None:
    async with client_of(tiny_app(page, outer=[SecurityHeaders(https_only=True)])) as client:
        headers = (await client.get("/page")).headers
    assert headers.get_list("cache-control") == ["public"]
    assert headers.get_list("content-security-policy") == ["default-src 'self'"]
    assert re.search(r"max-age=\d+", headers["strict-transport-security"])


def with_cors() -> Any:
    return tiny_app(show_id, outer=[Cors(["https://tailtribe.be"])])


async def test_a_listed_origin_may_read_answers_and_problems() -> None:
    async with client_of(with_cors()) as client:
        for path in ("/id", "/nowhere"):
            headers = (await client.get(path, headers={"Origin": "https://tailtribe.be"})).headers
            assert headers["access-control-allow-origin"] == "https://tailtribe.be"
            assert headers["vary"] == "Origin"
            assert "access-control-allow-credentials" not in headers


async def test_another_origin_gets_no_permission() -> None:
    async with client_of(with_cors()) as client:
        headers = (await client.get("/id", headers={"Origin": "https://tailtribe.be.evil.example"})).headers
    assert "access-control-allow-origin" not in headers


async def test_a_preflight_is_answered_for_listed_origins() -> None:
    asking = {"Origin": "https://tailtribe.be", "Access-Control-Request-Method": "PATCH"}
    async with client_of(with_cors()) as client:
        response = await client.options("/anything", headers=asking)
    assert response.status_code == 204
    assert "PATCH" in response.headers["access-control-allow-methods"]
    assert "Idempotency-Key" in response.headers["access-control-allow-headers"]
