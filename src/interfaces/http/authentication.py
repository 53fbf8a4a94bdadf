"""Who calls: from the bearer token to the Actor, and what some routes demand of him."""

import hmac
from typing import Any

from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from application.ports.access_tokens import AccessClaims, AccessTokens
from application.ports.account_queries import AccountQueries
from application.ports.clock import Clock
from domain.accounts.session import SessionId
from domain.accounts.sign_in import AccessTokenInvalid, AuthenticationRequired
from domain.shared.actor import Actor
from domain.shared.errors import NotAllowed
from interfaces.http.asgi_messages import header, method_of, state_of
from interfaces.http.json_body import HttpRequest

IGNORE_TOKEN = "ignore_token"  # noqa: S105 - a handler's opt key: the answer is the same for everybody
MONITORED = "monitored"
"""A handler's opt key: METRICS_TOKEN may read it."""

_ACTOR = "actor"
_CLAIMS = "access_claims"
_MONITOR = "is_monitor"

Connection = ASGIConnection[Any, Any, Any, Any]


class AdminsOnly(NotAllowed):
    title = "Only an admin may do this"


class BearerTokens:
    """Reads the access token of a request once, however many ask."""

    def __init__(self, access_tokens: AccessTokens, clock: Clock) -> None:
        self._access_tokens = access_tokens
        self._clock = clock

    def claims(self, scope: Scope) -> AccessClaims | None:
        """What a valid token says; None without a token or with an invalid one."""
        state = state_of(scope)
        if _CLAIMS not in state:
            token = bearer_token(scope)
            state[_CLAIMS] = None if token is None else self._access_tokens.read(token, at=self._clock.now())
        return state[_CLAIMS]


class Authentication(ASGIMiddleware):
    """Finds the Actor of a request, so that signing out and suspension act at once.

    A token that is not valid is refused with 401, also where none is needed; routes with the opt `ignore_token` do not
    look at it. `monitoring_token` opens the routes with the opt `monitored` for reading. A route that the document
    calls secured is reached by nobody without a token, whatever he sends.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, tokens: BearerTokens, accounts: AccountQueries, *, monitoring_token: str | None = None) -> None:
        self._tokens = tokens
        self._accounts = accounts
        self._monitoring_token = monitoring_token

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        handler = scope["route_handler"]
        opt = handler.opt
        if header(scope, b"authorization") is not None and not opt.get(IGNORE_TOKEN):
            if self._is_monitor(scope):
                state_of(scope)[_MONITOR] = True
            else:
                state_of(scope)[_ACTOR] = await self._actor(scope)
        elif isinstance(handler, HTTPRouteHandler) and handler.resolve_security():
            raise AuthenticationRequired
        await next_app(scope, receive, send)

    async def _actor(self, scope: Scope) -> Actor:
        claims = self._tokens.claims(scope)
        actor = None if claims is None else await self._accounts.signed_in(claims.session_id, claims.account_id)
        if actor is None:
            raise AccessTokenInvalid
        return actor

    def _is_monitor(self, scope: Scope) -> bool:
        if self._monitoring_token is None or not scope["route_handler"].opt.get(MONITORED):
            return False
        token = bearer_token(scope)
        return token is not None and hmac.compare_digest(token.encode(), self._monitoring_token.encode())


def bearer_token(scope: Scope) -> str | None:
    """The token of `Authorization: Bearer …`; an empty string for any other scheme, which no token equals."""
    value = header(scope, b"authorization")
    if value is None:
        return None
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def actor_of(scope: Scope) -> Actor | None:
    return state_of(scope).get(_ACTOR)


def session_of(request: HttpRequest) -> SessionId:
    """The session of the caller's token. Raises AuthenticationRequired."""
    claims: AccessClaims | None = state_of(request.scope).get(_CLAIMS)
    if claims is None:
        raise AuthenticationRequired
    return claims.session_id


def provide_actor(request: HttpRequest, use_cases: NamedDependency[Any]) -> Actor:  # noqa: ARG001
    """The caller. Raises AuthenticationRequired.

    Asks for `use_cases` only to be resolved after it: two dependencies side by side cost a task group for each request.
    """
    actor = actor_of(request.scope)
    if actor is None:
        raise AuthenticationRequired
    return actor


def admin_only(connection: Connection, _handler: BaseRouteHandler) -> None:
    """A guard. Raises AuthenticationRequired or AdminsOnly."""
    actor = actor_of(connection.scope)
    if actor is None:
        raise AuthenticationRequired
    if not actor.is_admin:
        raise AdminsOnly


def admin_or_monitor(connection: Connection, handler: BaseRouteHandler) -> None:
    """A guard for routes with the opt `monitored`: METRICS_TOKEN may read them."""
    if not (state_of(connection.scope).get(_MONITOR) and method_of(connection.scope) == "GET"):
        admin_only(connection, handler)
