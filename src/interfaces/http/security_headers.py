"""Headers that keep browsers from doing more than they should with an answer."""

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from interfaces.http.asgi_messages import add_missing_headers

API_CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_ONE_YEAR = 31_536_000


class SecurityHeaders(ASGIMiddleware):
    """Adds what a handler has not set itself: nothing is cached, framed, sniffed or executed by default."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, *, https_only: bool) -> None:
        defaults = {
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "no-referrer",
            "content-security-policy": API_CONTENT_SECURITY_POLICY,
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=()",
            "cache-control": "no-store",
        }
        if https_only:
            defaults["strict-transport-security"] = f"max-age={_ONE_YEAR}; includeSubDomains"
        self.defaults = [(name.encode(), value.encode()) for name, value in defaults.items()]

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        async def send_with_headers(message: Message) -> None:
            add_missing_headers(message, self.defaults)
            await send(message)

        await next_app(scope, receive, send_with_headers)
