"""How often one account or address may call."""

import ipaddress
from dataclasses import dataclass
from functools import cache, lru_cache

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.ports.rate_limits import LocalRateLimits, RateLimits, RateLimitVerdict
from domain.accounts.sign_in import RateLimited
from interfaces.http.asgi_messages import RawHeader, add_headers, method_of, state_of, tidied_path
from interfaces.http.authentication import BearerTokens
from interfaces.http.client_address import client_address
from interfaces.http.problems import Problems
from interfaces.http.public_reads import is_public_read

WINDOW_SECONDS = 60
_NETWORKS_REMEMBERED = 4096
_COUNTED = "counted_against_limit"
_DASHBOARD_DOOR = "/admin/sign-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsPerMinute:
    """0 switches a limit off."""

    api: int = 300
    auth: int = 20
    public: int = 1200


@dataclass(frozen=True, slots=True)
class _Budget:
    limits: RateLimits
    key: str
    limit: int


class RateLimiting(ASGIMiddleware):
    """Counts calls of /api/: by account (by address without a valid token), under /api/auth/ by
    address, as is signing in to the dashboard.

    What everybody may read, and the health routes, count in this process only (`local_limits`): no round trip. Webhooks
    do not count: their signature is their proof, and a burst must not be lost.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(
        self,
        *,
        limits: RateLimits,
        local_limits: LocalRateLimits,
        tokens: BearerTokens,
        problems: Problems,
        per_minute: RequestsPerMinute,
        trusted_proxies: int = 0,
    ) -> None:
        self._limits = limits
        self._local_limits = local_limits
        self._tokens = tokens
        self._problems = problems
        self._per_minute = per_minute
        self._trusted_proxies = trusted_proxies

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        budget = self._budget(scope)
        if budget is None or budget.limit == 0:
            await next_app(scope, receive, send)
            return
        verdict = state_of(scope).get(_COUNTED) or await _count(budget)
        told = _headers(verdict)

        async def send_with_limits(message: Message) -> None:
            add_headers(message, told)
            await send(message)

        if verdict.allowed:
            await next_app(scope, receive, send_with_limits)
            return
        error = RateLimited(f"At most {verdict.limit} requests a minute.", retry_after=verdict.reset_seconds)
        await self._problems.send(scope, send_with_limits, error)

    def count_public_read(self, scope: Scope) -> list[RawHeader] | None:
        """What the answer to a public read tells of its limit; None when it is refused. It is not counted again."""
        limit = self._per_minute.public
        if limit == 0:
            return []
        verdict = self._local_limits.hit_at_once(self._public_key(scope), limit=limit, window_seconds=WINDOW_SECONDS)
        state_of(scope)[_COUNTED] = verdict
        return _headers(verdict) if verdict.allowed else None

    def _budget(self, scope: Scope) -> _Budget | None:
        # Capitals open no way around the limits either.
        path = tidied_path(scope).lower()
        if path.rstrip("/") == _DASHBOARD_DOOR and method_of(scope) == "POST":
            return self._of_signing_in(scope)
        if not path.startswith("/api/") or path.startswith("/api/webhooks/"):
            return None
        if path.startswith("/api/health") or is_public_read(scope):
            return _Budget(self._local_limits, self._public_key(scope), self._per_minute.public)
        if path.startswith("/api/auth/"):
            return self._of_signing_in(scope)
        claims = self._tokens.claims(scope)
        caller = self._address(scope) if claims is None else claims.account_id
        return _Budget(self._limits, f"requests:api:{caller}", self._per_minute.api)

    def _of_signing_in(self, scope: Scope) -> _Budget:
        return _Budget(self._limits, f"requests:auth:{self._address(scope)}", self._per_minute.auth)

    def _public_key(self, scope: Scope) -> str:
        return _public_key(client_address(scope, trusted_proxies=self._trusted_proxies))

    def _address(self, scope: Scope) -> str:
        return _network(client_address(scope, trusted_proxies=self._trusted_proxies))


async def _count(budget: _Budget) -> RateLimitVerdict:
    return await budget.limits.hit(budget.key, limit=budget.limit, window_seconds=WINDOW_SECONDS)


@lru_cache(maxsize=_NETWORKS_REMEMBERED)
def _public_key(address: str) -> str:
    return f"requests:public:{_network(address)}"


@lru_cache(maxsize=_NETWORKS_REMEMBERED)
def _network(address: str) -> str:
    """An IPv6 customer owns a whole /64: its addresses count as one."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, 64), strict=False))


def _headers(verdict: RateLimitVerdict) -> list[RawHeader]:
    return [
        *_fixed_headers(verdict.limit),
        (b"ratelimit-remaining", b"%d" % verdict.remaining),
        (b"ratelimit-reset", b"%d" % verdict.reset_seconds),
    ]


@cache
def _fixed_headers(limit: int) -> tuple[RawHeader, RawHeader]:
    """One for each limit that there is."""
    return (b"ratelimit-limit", b"%d" % limit), (b"ratelimit-policy", b"%d;w=%d" % (limit, WINDOW_SECONDS))
