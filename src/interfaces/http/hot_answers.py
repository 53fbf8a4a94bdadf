"""Public reads that need no loading are answered at once: before the router and before every other layer."""

import time

from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from interfaces.http.correlation import NAME as CORRELATION_ID
from interfaces.http.correlation import chosen_id
from interfaces.http.cors import Cors
from interfaces.http.etags import PublicAnswer, PublicAnswers, SharedCaching
from interfaces.http.known_reads import KnownReads
from interfaces.http.public_reads import send_public_answer
from interfaces.http.rate_limiting import RateLimiting
from interfaces.http.request_metrics import RequestMetrics
from interfaces.http.security_headers import SecurityHeaders


class HotAnswers:
    """The outermost layer. It answers what was understood before and lies ready in the cache, for callers without
    an Authorization header (the others may have written a moment ago); everything else goes on.

    It takes the parts of the layers that it skips, so that its answers are theirs
    (`tests/unit/interfaces/http/test_hot_answers.py` compares them header by header). Who is over his limit is refused
    by the layer that refuses.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        known_reads: KnownReads,
        caching: SharedCaching,
        limiting: RateLimiting,
        metrics: RequestMetrics,
        security: SecurityHeaders,
        cors: Cors,
    ) -> None:
        self._app = app
        self._known_reads = known_reads
        self._answers = PublicAnswers(
            caching, marks=(pair for pair in security.defaults if pair[0] != b"cache-control")
        )
        self._limiting = limiting
        self._metrics = metrics
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._ready(scope) if scope["type"] == "http" else None
        if answer is None:
            await self._app(scope, receive, send)
        else:
            await send_public_answer(send, answer)

    async def _ready(self, scope: HTTPScope) -> PublicAnswer | None:
        started = time.perf_counter()
        known = self._known_reads.find(scope)
        if known is None:
            return None
        # As elsewhere, the first of several counts.
        asked = dict(reversed(list(scope["headers"])))
        limits = None if b"authorization" in asked else self._limiting.count_public_read(scope)
        cached = None if limits is None else known.read.at_hand() or await known.read.beside()
        if cached is None or limits is None:
            return None
        answer = self._answers.of(
            cached, accept_encoding=asked.get(b"accept-encoding"), if_none_match=asked.get(b"if-none-match")
        )
        given = asked.get(CORRELATION_ID)
        correlation_id = chosen_id(None if given is None else given.decode("latin-1"))
        answer.headers.extend(limits)
        answer.headers.extend(self._cors.marks(asked.get(b"origin")))
        answer.headers.append((CORRELATION_ID, correlation_id.encode()))
        self._metrics.record_hit(
            route=known.route,
            status=answer.status,
            seconds=time.perf_counter() - started,
            correlation_id=correlation_id,
        )
        return answer
