"""A dependency that one can do without: whoever asks has an answer of his own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from application.ports.circuit_breakers import BreakerState
from domain.shared.errors import Unavailable
from infrastructure.resilience.breaker import Breaker

T = TypeVar("T")


class OptionalDependency:
    """Asked through `breaker`. The answer is None when it is away: after a failure (`errors`, or too late), and at once
    while the breaker is not closed.

    Nobody waits for a probe: the call that is due to be one goes on by itself, and its caller has None already.
    """

    def __init__(self, breaker: Breaker, *, errors: tuple[type[Exception], ...]) -> None:
        self._breaker = breaker
        self._errors = errors
        self._probing: asyncio.Task[object] | None = None

    async def ask(self, command: Callable[[], Awaitable[T]]) -> T | None:
        if self._breaker.state is BreakerState.CLOSED:
            return await self._call(command)
        if self._breaker.wants_probe and (self._probing is None or self._probing.done()):
            self._probing = asyncio.create_task(self._call(command))
        return None

    async def _call(self, command: Callable[[], Awaitable[T]]) -> T | None:
        try:
            return await self._breaker.call(command)
        except (Unavailable, TimeoutError, *self._errors):
            return None
