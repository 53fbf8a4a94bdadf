from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from litestar import get
from litestar.di import NamedDependency
from litestar.types import ASGIApp

from application.ports.access_tokens import AccessClaims
from application.ports.account_queries import AccountQueries, AccountView
from domain.accounts.account import AccountNotFound
from domain.accounts.session import SessionId
from domain.shared.actor import AccountId, Actor
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.tokens.jwt_access_tokens import JwtAccessTokens
from interfaces.http.authentication import (
    IGNORE_TOKEN,
    MONITORED,
    Authentication,
    BearerTokens,
    admin_only,
    admin_or_monitor,
)
from tests.support.builders import ADMIN, NOW, OWNER, identified
from tests.support.tiny_app import client_of, tiny_app

SESSION = SessionId(identified("session"))
TOKENS = JwtAccessTokens("secret")


@dataclass
class ListedSessions(AccountQueries):
    actors: Mapping[AccountId, Actor] = field(default_factory=dict[AccountId, Actor])

    async def signed_in(self, session_id: SessionId, account_id: AccountId) -> Actor | None:
        return self.actors.get(account_id) if session_id == SESSION else None

    async def admins_among(self, session_ids: Collection[SessionId]) -> Collection[SessionId]:
        raise NotImplementedError

    async def me(self, account_id: AccountId) -> AccountView:
        raise AccountNotFound


@get("/mine")
async def mine(actor: NamedDependency[Actor], use_cases: NamedDependency[Any]) -> str:
    assert use_cases is None
    return str(actor.account_id)


@get("/open")
async def everybody() -> str:
    return "open"


@get("/ignoring", opt={IGNORE_TOKEN: True})
async def ignoring() -> str:
    return "same for all"


@get("/admins", guards=[admin_only])
async def admins() -> str:
    return "secret"


@get("/monitored", guards=[admin_or_monitor], opt={MONITORED: True})
async def monitored() -> str:
    return "numbers"


def app(clock: SettableClock | None = None) -> ASGIApp:
    sessions = ListedSessions({OWNER.account_id: OWNER, ADMIN.account_id: ADMIN})
    tokens = BearerTokens(TOKENS, clock or SettableClock(NOW))
    authentication = Authentication(tokens, sessions, monitoring_token="metrics-token")
    return tiny_app(mine, everybody, ignoring, admins, monitored, inner=[authentication])


def bearer(actor: Actor, session_id: SessionId = SESSION) -> dict[str, str]:
    claims = AccessClaims(account_id=actor.account_id, session_id=session_id)
    return {"Authorization": f"Bearer {TOKENS.issue(claims, at=NOW)}"}


async def test_a_valid_token_of_a_live_session_names_the_caller() -> None:
    async with client_of(app()) as client:
        response = await client.get("/mine", headers=bearer(OWNER))
    assert (response.status_code, response.text) == (200, str(OWNER.account_id))


async def test_a_protected_route_asks_strangers_to_sign_in() -> None:
    async with client_of(app()) as client:
        response = await client.get("/mine")
    assert response.status_code == 401
    assert response.json()["type"].endswith("/authentication-required")
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic YW46cGFzc3dvcmQ="},
        {"Authorization": ""},
        bearer(OWNER, SessionId(identified("ended session"))),
        bearer(Actor(account_id=AccountId(identified("suspended")))),
    ],
)
async def test_a_token_that_is_not_valid_is_refused_wherever_it_is_looked_at(headers: dict[str, str]) -> None:
    async with client_of(app()) as client:
        for path in ("/mine", "/open"):
            response = await client.get(path, headers=headers)
            assert response.status_code == 401
            assert response.json()["type"].endswith("/access-token-invalid")
            assert 'error="invalid_token"' in response.headers["www-authenticate"]


async def test_an_expired_token_is_refused() -> None:
    clock = SettableClock(NOW + timedelta(minutes=15))
    async with client_of(app(clock)) as client:
        assert (await client.get("/mine", headers=bearer(OWNER))).status_code == 401


async def test_what_is_the_same_for_all_does_not_look_at_tokens() -> None:
    async with client_of(app()) as client:
        assert (await client.get("/ignoring", headers={"Authorization": "Bearer nonsense"})).status_code == 200


async def test_an_admin_route_refuses_others_by_403_and_strangers_by_401() -> None:
    async with client_of(app()) as client:
        assert (await client.get("/admins")).status_code == 401
        assert (await client.get("/admins", headers=bearer(OWNER))).status_code == 403
        assert (await client.get("/admins", headers=bearer(ADMIN))).status_code == 200


async def test_the_monitoring_token_opens_monitored_routes_only() -> None:
    headers = {"Authorization": "Bearer metrics-token"}
    async with client_of(app()) as client:
        assert (await client.get("/monitored", headers=headers)).status_code == 200
        assert (await client.get("/monitored", headers=bearer(ADMIN))).status_code == 200
        assert (await client.get("/monitored", headers=bearer(OWNER))).status_code == 403
        assert (await client.get("/monitored")).status_code == 401
        assert (await client.get("/admins", headers=headers)).status_code == 401
        assert (await client.get("/mine", headers=headers)).status_code == 401
