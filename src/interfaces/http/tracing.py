"""A span for every request, with the template of its route and its status."""

import re

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.ports.tracing import SpanKind, Tracing
from application.trace_parent import trace_parent
from interfaces.http.asgi_messages import UNMATCHED_ROUTE, header, method_of, route_of

_TRACE_PARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class RequestTracing(ASGIMiddleware):
    """Goes on with the caller's trace if he names one in `traceparent`."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        status = 500

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        given = header(scope, b"traceparent")
        token = trace_parent.set(given if given is not None and _TRACE_PARENT.fullmatch(given) else None)
        try:
            with self._tracing.span("request", SpanKind.SERVER) as span:
                try:
                    await next_app(scope, receive, observed_send)
                finally:
                    route = route_of(scope) or UNMATCHED_ROUTE
                    told = {"http.route": route, "http.response.status_code": status}
                    span.named(f"{method_of(scope)} {route}", told)
        finally:
            trace_parent.reset(token)
