from typing import Any

import pytest
from litestar import get, post
from litestar.types import ASGIApp

from application.ports.access_tokens import AccessClaims
from domain.accounts.session import SessionId
from domain.shared.actor import Actor
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.rate_limits.in_memory_rate_limits import InMemoryRateLimits
from infrastructure.tokens.jwt_access_tokens import JwtAccessTokens
from interfaces.http.authentication import BearerTokens
from interfaces.http.client_address import client_address
from interfaces.http.rate_limiting import RateLimiting, RequestsPerMinute
from tests.support.builders import ADMIN, NOW, OWNER, identified
from tests.support.tiny_app import PROBLEMS, client_of, tiny_app

TOKENS = JwtAccessTokens("secret")


@get("/api/bookings")
async def bookings() -> str:
    return "bookings"


@post("/api/auth/login")
async def log_in() -> str:
    return "tokens"


@get("/api/home")
async def home() -> str:
    return "home"


@post("/api/webhooks/stripe")
async def webhook() -> str:
    return "taken"


@get("/admin/sign-in")
async def door() -> str:
    return "door"


@post("/admin/sign-in")
async def enter() -> str:
    return "in"


@get("/docs")
async def docs() -> str:
    return "docs"


def app(trusted_proxies: int = 0, **per_minute: int) -> ASGIApp:
    limits = RequestsPerMinute(**({"api": 2, "auth": 1, "public": 3} | per_minute))
    middleware = RateLimiting(
        limits=InMemoryRateLimits(),
        local_limits=InMemoryRateLimits(),
        tokens=BearerTokens(TOKENS, SettableClock(NOW)),
        problems=PROBLEMS,
        per_minute=limits,
        trusted_proxies=trusted_proxies,
    )
    return tiny_app(bookings, log_in, home, webhook, docs, door, enter, outer=[middleware])


def bearer(actor: Actor) -> dict[str, str]:
    claims = AccessClaims(account_id=actor.account_id, session_id=SessionId(identified("session")))
    return {"Authorization": f"Bearer {TOKENS.issue(claims, at=NOW)}"}


async def test_beyond_the_limit_the_answer_says_when_to_come_back() -> None:
    async with client_of(app()) as client:
        first = await client.get("/api/bookings")
        await client.get("/api/bookings")
        refused = await client.get("/api/bookings")
    assert first.headers["ratelimit-limit"] == "2"
    assert first.headers["ratelimit-remaining"] == "1"
    assert first.headers["ratelimit-policy"] == "2;w=60"
    assert 1 <= int(first.headers["ratelimit-reset"]) <= 60
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["ratelimit-remaining"] == "0"
    assert 1 <= int(refused.headers["retry-after"]) <= 60


async def test_accounts_count_apart_from_each_other_and_from_the_address() -> None:
    async with client_of(app()) as client:
        for headers in (bearer(OWNER), bearer(ADMIN), {}):
            statuses = [(await client.get("/api/bookings", headers=headers)).status_code for _ in range(3)]
            assert statuses == [200, 200, 429]


@pytest.mark.parametrize(
    "way", ["/admin/sign-in", "/admin/sign-in/", "//admin//sign-in", "/ADMIN/Sign-In", "/api/auth/login"]
)
async def test_signing_in_to_the_dashboard_counts_with_signing_in_whatever_the_path_is_written_as(way: str) -> None:
    async with client_of(app()) as client:
        assert (await client.get("/admin/sign-in")).status_code == 200
        assert (await client.post("/admin/sign-in")).status_code == 201
        refused = await client.post(f"http://test{way}")
        assert (await client.get("/admin/sign-in")).status_code == 200
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("way", ["/API/bookings", "//api/bookings", "/api//bookings/", "/Api/Bookings"])
async def test_another_spelling_of_a_path_is_no_way_around_the_limits(way: str) -> None:
    async with client_of(app(api=1)) as client:
        await client.get("/api/bookings")
        refused = await client.get(f"http://test{way}")
    assert refused.status_code == 429


async def test_made_up_tokens_count_by_address() -> None:
    async with client_of(app()) as client:
        tries = [
            (await client.get("/api/bookings", headers={"Authorization": f"Bearer {number}"})).status_code
            for number in range(3)
        ]
    assert tries[-1] == 429


@pytest.mark.parametrize("path", ["/api/auth/login", "/api//auth/login", "//api/auth/login"])
async def test_signing_in_has_a_tighter_limit_however_the_path_is_written(path: str) -> None:
    async with client_of(app()) as client:
        assert (await client.post("/api/auth/login")).status_code == 201
        assert (await client.post(f"http://testserver.local{path}")).status_code == 429


async def test_public_reads_have_a_limit_of_their_own() -> None:
    async with client_of(app()) as client:
        statuses = [(await client.get("/api/home")).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        assert (await client.get("/api/bookings")).status_code == 200


async def test_webhooks_and_pages_are_not_counted() -> None:
    async with client_of(app()) as client:
        for _ in range(5):
            assert (await client.post("/api/webhooks/stripe")).status_code == 201
            assert (await client.get("/docs")).status_code == 200


async def test_zero_switches_a_limit_off() -> None:
    async with client_of(app(auth=0)) as client:
        statuses = {(await client.post("/api/auth/login")).status_code for _ in range(5)}
        assert statuses == {201}
        assert "ratelimit-limit" not in (await client.post("/api/auth/login")).headers


async def test_behind_our_proxy_callers_count_apart_and_cannot_choose_who_they_are() -> None:
    async with client_of(app(trusted_proxies=1)) as client:
        for forwarded in ("203.0.113.1", "203.0.113.2"):
            headers = {"X-Forwarded-For": forwarded}
            statuses = [(await client.get("/api/bookings", headers=headers)).status_code for _ in range(3)]
            assert statuses == [200, 200, 429]
        forged = {"X-Forwarded-For": "198.51.100.9, 203.0.113.1"}
        assert (await client.get("/api/bookings", headers=forged)).status_code == 429


async def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    async with client_of(app(trusted_proxies=1)) as client:
        statuses = [
            (await client.get("/api/bookings", headers={"X-Forwarded-For": f"2001:db8:1:2::{host}"})).status_code
            for host in range(1, 4)
        ]
    assert statuses == [200, 200, 429]


def test_without_a_trusted_proxy_the_header_is_ignored() -> None:
    scope: Any = {"client": ("192.0.2.1", 1), "headers": [(b"x-forwarded-for", b"1.2.3.4")]}
    assert client_address(scope) == "192.0.2.1"
    assert client_address(scope, trusted_proxies=2) == "1.2.3.4"
    unknown: Any = {"client": None, "headers": []}
    assert client_address(unknown, trusted_proxies=1) == "unknown"
