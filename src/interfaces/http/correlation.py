"""The id by which one request is found in logs, jobs and mails."""

import re

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid4

from application.correlation import correlation_id
from interfaces.http.asgi_messages import add_headers, header

NAME = b"x-correlation-id"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")


def chosen_id(given: str | None) -> str:
    """The caller's when it is harmless, else a new one."""
    return given if given is not None and _ACCEPTABLE.fullmatch(given) else str(uuid4())


class Correlation(ASGIMiddleware):
    """Takes the caller's `X-Correlation-ID` when it is harmless, else makes one, and answers it."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        chosen = chosen_id(header(scope, NAME))
        answered = [(NAME, chosen.encode())]

        async def send_with_id(message: Message) -> None:
            add_headers(message, answered)
            await send(message)

        reset = correlation_id.set(chosen)
        try:
            await next_app(scope, receive, send_with_id)
        finally:
            correlation_id.reset(reset)
