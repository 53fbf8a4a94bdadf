"""Streams to clients that do not read."""

import asyncio

import structlog
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

STALLED_SECONDS = 10.0


class _Stalled(Exception):
    pass


class DropStalledClients(ASGIMiddleware):
    """Ends a stream whose client has taken nothing for so long, once the buffers of the system are full: what it does
    not read would be kept for it."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, seconds: float = STALLED_SECONDS) -> None:
        self._seconds = seconds

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        async def send_in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(self._seconds):
                    await send(message)
            except TimeoutError:
                raise _Stalled from None

        try:
            await next_app(scope, receive, send_in_time)
        except* _Stalled:
            log.info("stream.stalled")
