"""Measuring every request, and one line in the log for each."""

import time

import structlog
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.ports.metrics import Metrics
from application.request_load import RequestLoad, request_load
from interfaces.http.asgi_messages import UNMATCHED_ROUTE, method_of, route_of
from interfaces.http.authentication import actor_of

SLOW_SECONDS = 1.0

_logger = structlog.stdlib.get_logger("tailtribe.requests")


class RequestMetrics(ASGIMiddleware):
    """Records route template, status and the time until the answer began (a stream may last for hours).

    The log line holds no path, query, header or body: they may carry tokens and personal data.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        started = time.perf_counter()
        answered, load = False, RequestLoad()

        async def observed_send(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                self._record(scope, message["status"], time.perf_counter() - started, load)
            await send(message)

        token = request_load.set(load)
        try:
            await next_app(scope, receive, observed_send)
        except Exception:
            if not answered:
                self._record(scope, 500, time.perf_counter() - started, load)
            raise
        finally:
            request_load.reset(token)

    def _record(self, scope: Scope, status: int, seconds: float, load: RequestLoad) -> None:
        route, method = route_of(scope) or UNMATCHED_ROUTE, method_of(scope)
        self._metrics.request_finished(route=route, method=method, status=status, seconds=seconds, load=load)
        if (actor := actor_of(scope)) is not None:
            self._metrics.account_seen(str(actor.account_id))
        log = _logger.warning if seconds > SLOW_SECONDS else _logger.info
        log(
            "slow_request" if seconds > SLOW_SECONDS else "request",
            method=method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 2),
        )
