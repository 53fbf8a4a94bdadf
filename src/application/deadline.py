"""Until when somebody waits for the work under way. What waits itself (for a connection, a statement, an answer from
outside) takes no longer; without a deadline, as in jobs, its own limits hold."""

import asyncio
import time
from collections.abc import Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from contextvars import ContextVar
from types import TracebackType

from domain.shared.errors import Unavailable

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class DeadlineExceeded(Unavailable):
    """The time for the answer is over; what was not begun was not done."""

    title = "It took too long"


@contextmanager
def deadline_in(seconds: float | None) -> Generator[None]:
    """Whatever the block does must be done in so many seconds; None takes a deadline away."""
    reset = _deadline.set(None if seconds is None else time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(reset)


def forget_deadline() -> None:
    """From here on nobody waits: the answer has begun, and it may go on for hours."""
    _deadline.set(None)


def seconds_left() -> float | None:
    """Until the deadline, not below 0; None when there is none."""
    deadline = _deadline.get()
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def within_deadline() -> AbstractAsyncContextManager[None]:
    """Cancels what the block awaits when the deadline comes. Raises DeadlineExceeded then, or if it has come before."""
    return _WithinDeadline()


class _WithinDeadline(AbstractAsyncContextManager[None]):
    """A class, not a generator: every request enters several of them."""

    __slots__ = ("_limit",)

    def __init__(self) -> None:
        self._limit: asyncio.Timeout | None = None

    async def __aenter__(self) -> None:
        left = seconds_left()
        if left is None:
            return
        if left == 0:
            raise DeadlineExceeded
        self._limit = asyncio.timeout(left)
        await self._limit.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._limit is None:
            return
        try:
            await self._limit.__aexit__(kind, error, traceback)
        except TimeoutError:
            raise DeadlineExceeded from None
