"""A client of HTTP/1.1 that takes little processor time from what it measures: it knows Content-Length and no other
framing, keeps its connections, and sends one request at a time over each."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, cast
from urllib.parse import urlsplit

_TIMEOUT_SECONDS = 30.0
_BODILESS = (204, 304)


class NoAnswer(Exception):
    """The connection failed, or nothing came in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`head` is in lower case; `body` is as it was sent, maybe compressed."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        _, found, rest = self.head.partition(f"\r\n{name}: ".encode())
        return rest.partition(b"\r\n")[0].decode() if found else None


class LeanHttp:
    """To one address, `http://HOST:PORT`. To be used within `async with`."""

    def __init__(self, address: str) -> None:
        url = urlsplit(address)
        self._host, self._port = url.hostname or "", url.port or 80
        self._idle: list[_Connection] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for connection in self._idle:
            connection.close()

    async def request(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """A body is JSON. Raises NoAnswer."""
        lines = [f"{method} {path} HTTP/1.1", f"host: {self._host}:{self._port}", "accept-encoding: gzip"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            lines += ["content-type: application/json", f"content-length: {len(body)}"]
        sent = "\r\n".join([*lines, "", ""]).encode() + (body or b"")
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                connection = await self._connection()
                answer = await connection.ask(sent)
        except (OSError, TimeoutError) as error:
            raise NoAnswer from error
        self._idle.append(connection)
        return answer

    async def _connection(self) -> "_Connection":
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        _, made = await asyncio.get_running_loop().create_connection(_Connection, self._host, self._port)
        return made


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.is_open = False
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._answer: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is no subclass of it.
        self._transport, self.is_open = cast("asyncio.Transport", transport), True

    async def ask(self, sent: bytes) -> Answer:
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(sent)
        try:
            return await self._answer
        except BaseException:
            self.close()
            raise

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or self._answer is None or self._answer.done():
            return
        head = bytes(self._received[: end + 2]).lower()
        answer = Answer(int(head[9:12]), head, b"")
        length = "0" if answer.status in _BODILESS else answer.header("content-length")
        if length is None:
            self._answer.set_exception(ConnectionError("an answer of unknown length"))
            return
        body = self._received[end + 4 : end + 4 + int(length)]
        if len(body) == int(length):
            self._received.clear()
            self._answer.set_result(Answer(answer.status, head, bytes(body)))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError())

    def close(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.close()
