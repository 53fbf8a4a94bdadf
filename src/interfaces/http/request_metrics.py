"""Measuring every request, and one line in the log for each."""

import logging
import time

import structlog
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.ports.metrics import Metrics
from application.request_load import RequestLoad, request_load
from interfaces.http.asgi_messages import UNMATCHED_ROUTE, method_of, route_of
from interfaces.http.authentication import actor_of
from interfaces.http.public_reads import is_from_cache

SLOW_SECONDS = 1.0
# What operators look for in the log (docs/operating.md).
SLOW = "Slow performance"

_logger = structlog.stdlib.get_logger("tailtribe.requests")
_standard_logger = logging.getLogger("tailtribe.requests")


class RequestMetrics(ASGIMiddleware):
    """Records route template, status and the time until the answer began (a stream may last for hours).

    The log line holds no path, query, header or body: they may carry tokens and personal data. What only came out of
    the cache is logged at debug: it is counted like everything else, and a line costs more than the answer.
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
            # Whatever it is, it is counted here and told by who is outside.
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
        if seconds > SLOW_SECONDS:
            level, event, told = logging.WARNING, "slow_request", {"message": SLOW}
        else:
            level, event, told = logging.DEBUG if is_from_cache(scope) else logging.INFO, "request", {}
        if _logs_at(level):
            milliseconds = round(seconds * 1000, 3)
            _logger.log(level, event, method=method, route=route, status=status, milliseconds=milliseconds, **told)

    def record_hit(self, *, route: str, status: int, seconds: float, correlation_id: str) -> None:
        """A public read that was answered before anything else was done."""
        self._metrics.request_finished(route=route, method="GET", status=status, seconds=seconds)
        if _logs_at(logging.DEBUG):
            milliseconds = round(seconds * 1000, 3)
            told = {"route": route, "status": status, "milliseconds": milliseconds, "correlation_id": correlation_id}
            _logger.debug("request", method="GET", **told)


def _logs_at(level: int) -> bool:
    """Asked before a line is made: what is not logged costs next to nothing."""
    return _standard_logger.isEnabledFor(level)
