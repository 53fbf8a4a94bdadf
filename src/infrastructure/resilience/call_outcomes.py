"""How a guarded call ended."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias


class CallOutcome(StrEnum):
    """`refused`: the dependency answered that it will not; `cancelled`: its caller went away or ran out of time;
    `not_sent`: the breaker was open or busy, or there was no time left. What timed out may have happened."""

    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    NOT_SENT = "not_sent"


# Told the outcome and the seconds the call took. It must neither raise nor await.
CallObserver: TypeAlias = Callable[[CallOutcome, float], None]


def ignore_outcome(_outcome: CallOutcome, _seconds: float) -> None: ...
