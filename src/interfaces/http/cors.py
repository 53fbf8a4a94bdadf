"""Letting listed web origins call the API (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

from collections.abc import Collection

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from interfaces.http.asgi_messages import RawHeader, add_headers, header, method_of, raw_header

_EXPOSED = (
    "ETag, Location, Retry-After, X-Cache, X-Correlation-ID, Idempotency-Replayed,"
    " RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, RateLimit-Policy"
)
_ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Correlation-ID"


class Cors(ASGIMiddleware):
    """Answers preflights and marks answers for `origins` (exact, `https://tailtribe.be`). Outside of everything that
    refuses, so that a page can read why. Tokens travel in a header, so credentials are never allowed."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origin.encode("latin-1") for origin in origins)

    def marks(self, origin: bytes | None) -> list[RawHeader]:
        """What an answer to a request of this origin carries: nothing when no origin is listed."""
        if not self._origins:
            return []
        marks = [(b"vary", b"Origin")]
        if origin is not None and origin in self._origins:
            marks += [
                (b"access-control-allow-origin", origin),
                (b"access-control-expose-headers", _EXPOSED.encode()),
            ]
        return marks

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        marks = self.marks(raw_header(scope, b"origin"))
        if len(marks) > 1 and method_of(scope) == "OPTIONS" and header(scope, b"access-control-request-method"):
            await _send_preflight(send, marks)
            return

        async def send_with_marks(message: Message) -> None:
            add_headers(message, marks)
            await send(message)

        await next_app(scope, receive, send_with_marks if self._origins else send)


async def _send_preflight(send: Send, marks: list[RawHeader]) -> None:
    permission = {
        "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers": _ALLOWED_HEADERS,
        "access-control-max-age": "600",
    }
    headers = [*marks, *((name.encode(), value.encode()) for name, value in permission.items())]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
