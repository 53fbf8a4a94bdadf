"""`Idempotency-Key`: the same request again gets the first answer (draft-ietf-httpapi-idempotency-key-header)."""

import asyncio
import hashlib
import hmac
import re
from dataclasses import dataclass, field

import structlog
from litestar.enums import ScopeType
from litestar.exceptions import ClientException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

from application.deadline import deadline_in
from application.ports.clock import Clock
from application.ports.idempotency_store import IdempotencyScope, IdempotencyStore, Reservation, StoredAnswer
from domain.shared.errors import Unavailable
from interfaces.http.asgi_messages import header, method_of
from interfaces.http.authentication import actor_of

NOT_REPLAYED = "not_replayed"
"""A handler's opt key: it ignores `Idempotency-Key`, because its answer is a secret or repeating it is harmless."""

ANONYMOUS = "anonymous"
_UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_REPEATED_HEADERS = frozenset({"content-type", "location", "etag", "retry-after"})
# Nothing was tried yet, or the caller may simply come back: the key stays free.
_NOT_STORED = frozenset({401, 408, 413, 429})

_logger = structlog.stdlib.get_logger("tailtribe.idempotency")


class Idempotency(ASGIMiddleware):
    """Stands inside authentication and body limit. `fingerprint_key` keys the hash kept of a body, which may hold a
    password: whoever reads the database cannot try candidates.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, store: IdempotencyStore, clock: Clock, *, fingerprint_key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._fingerprint_key = fingerprint_key

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        key = header(scope, b"idempotency-key")
        if key is None or method_of(scope) not in _UNSAFE_METHODS or scope["route_handler"].opt.get(NOT_REPLAYED):
            await next_app(scope, receive, send)
            return
        if not _KEY.fullmatch(key):
            raise ClientException("An Idempotency-Key has 1 to 255 printable ASCII characters without blanks.")
        body = await _read_body(receive)
        if body is None:
            return
        first = await self._store.reserve(
            _scope(scope, key), fingerprint=self._fingerprint(scope, body), at=self._clock.now()
        )
        if isinstance(first, StoredAnswer):
            await _send_answer(send, first, replayed=True)
        else:
            await self._run(first, scope, _replayed(body, receive), send, next_app)

    async def _run(
        self, reservation: Reservation, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp
    ) -> None:
        captured = _CapturedAnswer()
        try:
            await next_app(scope, receive, captured.take)
        finally:
            # Also when the caller hung up: a key must not stay reserved, a finished answer must not be lost.
            await asyncio.shield(self._settle(reservation, captured))
        for message in captured.messages:
            await send(message)

    async def _settle(self, reservation: Reservation, captured: "_CapturedAnswer") -> None:
        try:
            # However late it is: what is left reserved refuses the next try.
            with deadline_in(None):
                if (answer := captured.storable_answer()) is not None:
                    await self._store.complete(reservation, answer)
                else:
                    await self._store.release(reservation)
        except Unavailable:
            _logger.warning("idempotency_key_left_reserved", reservation_id=str(reservation.id))

    def _fingerprint(self, scope: Scope, body: bytes) -> bytes:
        return hmac.digest(self._fingerprint_key, scope["query_string"] + b"\0" + body, hashlib.sha256)


@dataclass(slots=True)
class _CapturedAnswer:
    """A response held back until it is kept."""

    messages: list[Message] = field(default_factory=list[Message])

    async def take(self, message: Message) -> None:
        self.messages.append(message)

    def storable_answer(self) -> StoredAnswer | None:
        status, headers, body, complete = 0, list[tuple[str, str]](), b"", False
        for message in self.messages:
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [(name.decode().lower(), value.decode("latin-1")) for name, value in message["headers"]]
            elif message["type"] == "http.response.body":
                body += message["body"]
                complete = not message["more_body"]
        if not complete or status >= 500 or status in _NOT_STORED:
            return None
        kept = [pair for pair in headers if pair[0] in _REPEATED_HEADERS]
        return StoredAnswer(status=status, headers=kept, body=body)


def _scope(scope: Scope, key: str) -> IdempotencyScope:
    actor = actor_of(scope)
    holder = ANONYMOUS if actor is None else str(actor.account_id)
    return IdempotencyScope(holder=holder, method=method_of(scope), path=scope["path"], key=key)


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body, bounded by the body limit further out; None when the caller hung up."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunks.append(message["body"])
        if not message["more_body"]:
            return b"".join(chunks)


def _replayed(body: bytes, receive: Receive) -> Receive:
    pending: list[ReceiveMessage] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> ReceiveMessage:
        return pending.pop() if pending else await receive()

    return receive_again


async def _send_answer(send: Send, answer: StoredAnswer, *, replayed: bool) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    if replayed:
        headers.append((b"idempotency-replayed", b"true"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})
