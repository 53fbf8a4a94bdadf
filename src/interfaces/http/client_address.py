"""Whose address a request comes from."""

from litestar.types import Scope

from interfaces.http.asgi_messages import header


def client_address(scope: Scope, *, trusted_proxies: int = 0) -> str:
    """The peer's address, or behind `trusted_proxies` of ours the one that the outermost of them saw.

    Each proxy appends to `X-Forwarded-For` on the right; whatever stands further left the caller may have made up.
    """
    client = scope["client"]
    peer = client[0] if client else "unknown"
    if trusted_proxies == 0:
        return peer
    forwarded = [part.strip() for part in (header(scope, b"x-forwarded-for") or "").split(",") if part.strip()]
    return forwarded[-min(trusted_proxies, len(forwarded))] if forwarded else peer
