"""What tests of breakers share: a clock that only they move, and a dependency that answers or is down."""

from dataclasses import dataclass

import pytest

from infrastructure.resilience.breaker import Breaker, BreakerRule

RULE = BreakerRule(failures_to_open=3, open_seconds=30, timeout_seconds=15, successes_to_close=2)


@dataclass
class Time:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


async def answer() -> str:
    return "answer"


async def fail(breaker: Breaker, times: int = 1, error: Exception | None = None) -> None:
    failure = error or OSError("down")

    async def down() -> str:
        raise failure

    for _ in range(times):
        with pytest.raises(type(failure)):
            await breaker.call(down)
