"""Calls of the trace as clients make them, and how each was answered. The client is a lean one: it takes processor time
from the product that is measured beside it."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

import msgspec

from benchmarks.lean_http import LeanHttp, NoAnswer
from benchmarks.trace import Asked, changed_profile
from tests.support.traffic import NO_ANSWER, Answered

_EMERGENCY_CONTACT = {"name": "Jan", "phone": "+32 470 12 34 56"}


class Calls:
    """To one address. `answers` is where answers are noted; `callers` are the values of Authorization headers.

    `outcomes` counts what the cache did by kind (`none`: it was not asked)."""

    def __init__(self, address: str, callers: Sequence[str], answers: list[Answered]) -> None:
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self._client = LeanHttp(address)
        self._callers = callers
        self._answers = answers

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._client.close()

    async def make(self, asked: Asked) -> None:
        """Whoever changes his profile reads it first; every second quote is booked."""
        headers = {} if asked.caller is None else {"authorization": self._callers[asked.caller]}
        match asked.kind:
            case "change profile":
                status, own = await self._timed("own profile", "GET", asked.path, None, headers)
                if status == 200:
                    body = changed_profile(msgspec.json.decode(own), len(self._answers))
                    await self._timed(asked.kind, asked.method, asked.path, body, headers)
            case "quote":
                status, quote = await self._timed(asked.kind, asked.method, asked.path, asked.body, headers)
                if status == 201 and len(self._answers) % 2:
                    body = {"quoteId": msgspec.json.decode(quote)["id"], "emergencyContact": _EMERGENCY_CONTACT}
                    await self._timed("book", "POST", "/api/bookings", body, headers)
            case _:
                await self._timed(asked.kind, asked.method, asked.path, asked.body, headers)

    async def _timed(
        self, kind: str, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        at = time.monotonic()
        try:
            content = None if body is None else msgspec.json.encode(body)
            answer = await self._client.request(method, path, content, headers)
            status, sent = answer.status, answer.body
            self.outcomes[kind, answer.header("x-cache") or "none"] += 1
        except NoAnswer:
            status, sent = NO_ANSWER, b""
        self._answers.append(Answered(route=kind, at=at, seconds=time.monotonic() - at, status=status))
        return status, sent
