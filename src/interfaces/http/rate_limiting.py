"""How often one account or address may call."""

import ipaddress
import re
from dataclasses import dataclass

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.ports.rate_limits import RateLimits, RateLimitVerdict
from domain.accounts.sign_in import RateLimited
from interfaces.http.asgi_messages import add_headers
from interfaces.http.authentication import BearerTokens
from interfaces.http.client_address import client_address
from interfaces.http.problems import Problems
from interfaces.http.public_reads import is_public_read

WINDOW_SECONDS = 60
_SLASHES = re.compile("/{2,}")


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
    """Counts calls of /api/: by account (by address without a valid token), under /api/auth/ by address.

    What everybody may read, and the health routes, count in this process only (`local_limits`): no round trip. Webhooks
    do not count: their signature is their proof, and a burst must not be lost.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(
        self,
        *,
        limits: RateLimits,
        local_limits: RateLimits,
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
        verdict = await budget.limits.hit(budget.key, limit=budget.limit, window_seconds=WINDOW_SECONDS)
        told = _headers(verdict)
        if not verdict.allowed:
            error = RateLimited(f"At most {verdict.limit} requests a minute.", retry_after=verdict.reset_seconds)
            await self._problems.send(scope, send, error, headers=told)
            return
        encoded = [(name.encode(), value.encode()) for name, value in told.items()]

        async def send_with_limits(message: Message) -> None:
            add_headers(message, encoded)
            await send(message)

        await next_app(scope, receive, send_with_limits)

    def _budget(self, scope: Scope) -> _Budget | None:
        # The router takes repeated slashes for one; here they must not open a way around the limits.
        path = _SLASHES.sub("/", scope["path"])
        if not path.startswith("/api/") or path.startswith("/api/webhooks/"):
            return None
        address = _network(client_address(scope, trusted_proxies=self._trusted_proxies))
        if path.startswith("/api/auth/"):
            return _Budget(self._limits, f"requests:auth:{address}", self._per_minute.auth)
        if path.startswith("/api/health") or is_public_read(scope):
            return _Budget(self._local_limits, f"requests:public:{address}", self._per_minute.public)
        claims = self._tokens.claims(scope)
        caller = address if claims is None else claims.account_id
        return _Budget(self._limits, f"requests:api:{caller}", self._per_minute.api)


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


def _headers(verdict: RateLimitVerdict) -> dict[str, str]:
    return {
        "ratelimit-limit": str(verdict.limit),
        "ratelimit-remaining": str(verdict.remaining),
        "ratelimit-reset": str(verdict.reset_seconds),
        "ratelimit-policy": f"{verdict.limit};w={WINDOW_SECONDS}",
    }
