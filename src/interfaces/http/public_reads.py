"""Requests that are answered the same for everybody, and therefore from the cache."""

import re
from typing import Any

from litestar import Response
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from application.cached_read import CachedRead
from application.ports.cache import CacheOutcome
from interfaces.http.asgi_messages import method_of, raw_header, state_of, tidied_path
from interfaces.http.etags import PublicAnswer, PublicAnswers
from interfaces.http.json_body import HttpRequest
from interfaces.http.known_reads import KnownReads, note_read, words_of
from interfaces.http.problems import Problems

_UUID = "[0-9a-fA-F-]{36}"
_PUBLIC_READS = re.compile(rf"/api/(?:home|places|caregivers(?:/{_UUID}(?:/free-periods|/reviews)?)?)/?")

_FROM_CACHE = "answered_from_cache"


def is_public_read(scope: Scope) -> bool:
    return method_of(scope) == "GET" and _PUBLIC_READS.fullmatch(tidied_path(scope)) is not None


def is_from_cache(scope: Scope) -> bool:
    """Whether nothing was done for this request but to send what the cache holds."""
    return state_of(scope).get(_FROM_CACHE, False)


async def answered(scope: Scope, read: CachedRead, answers: PublicAnswers) -> PublicAnswer:
    """Whoever is signed in may have written a moment ago, and sees it. Raises what the read raises."""
    cached = await read.answer(fresh=raw_header(scope, b"authorization") is not None)
    state_of(scope)[_FROM_CACHE] = cached.outcome is CacheOutcome.HIT
    return answers.of(
        cached,
        accept_encoding=raw_header(scope, b"accept-encoding"),
        if_none_match=raw_header(scope, b"if-none-match"),
    )


async def respond(request: HttpRequest, read: CachedRead) -> Response[Any]:
    """For handlers: the answer to a public read."""
    answer = await answered(request.scope, read, request.app.state.public_answers)
    note_read(request.scope, read)
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, status_code=answer.status, headers=headers)


async def send_public_answer(send: Send, answer: PublicAnswer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


class KnownPublicReads(ASGIMiddleware):
    """Answers before the router what was understood before, and learns what the router understands.

    Innermost of what is around the application: all the others see these requests too.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, known_reads: KnownReads, answers: PublicAnswers, problems: Problems) -> None:
        self._known_reads = known_reads
        self._answers = answers
        self._problems = problems

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        known = self._known_reads.find(scope)
        if known is None:
            words = words_of(scope)
            await next_app(scope, receive, send)
            self._known_reads.learn(words, scope)
            return
        scope["path_template"] = known.route
        try:
            answer = await answered(scope, known.read, self._answers)
        except Exception as error:  # noqa: BLE001 - as behind the router, whatever goes wrong is told as a problem
            await self._problems.send(scope, send, error)
        else:
            await send_public_answer(send, answer)
