"""No request body beyond a limit, announced or not, and never in memory."""

import asyncio

from litestar.enums import ScopeType
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send

from interfaces.http.asgi_messages import header

MAX_BODY_BYTES = 1024 * 1024
_DRAINED_BYTES = 32 * 1024 * 1024
_DRAIN_SECONDS = 10


class BodyLimit(ASGIMiddleware):
    """Raises RequestEntityTooLarge (413) as soon as a body is known to be too large.

    The rest is read and thrown away first, within bounds: many clients see a broken connection instead of the answer
    when they are cut off while sending.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._max_body_bytes = max_body_bytes

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        announced = header(scope, b"content-length")
        if announced is not None and announced.isdigit() and int(announced) > self._max_body_bytes:
            if header(scope, b"expect") is None:
                await _drain(receive)
            raise self._too_large()
        seen = 0

        async def limited_receive() -> ReceiveMessage:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message["body"])
                if seen > self._max_body_bytes:
                    if message["more_body"]:
                        await _drain(receive)
                    raise self._too_large()
            return message

        await next_app(scope, limited_receive, send)

    def _too_large(self) -> RequestEntityTooLarge:
        return RequestEntityTooLarge(
            detail=f"A body has at most {self._max_body_bytes} bytes.", headers={"connection": "close"}
        )


async def _drain(receive: Receive) -> None:
    drained, more = 0, True
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while more and drained < _DRAINED_BYTES:
                message = await receive()
                if message["type"] != "http.request":
                    return
                drained += len(message["body"])
                more = message["more_body"]
    except TimeoutError:
        return
