"""Until when somebody waits for the work under way. What waits itself (for a connection, a statement, an answer from
outside) takes no longer; without a deadline, as in jobs, its own limits hold."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

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


@asynccontextmanager
async def within_deadline() -> AsyncGenerator[None]:
    """Cancels what the block awaits when the deadline comes. Raises DeadlineExceeded then, or if it has come before."""
    left = seconds_left()
    if left == 0:
        raise DeadlineExceeded
    limit = asyncio.timeout(left)
    try:
        async with limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise DeadlineExceeded from None
        raise
