"""Asking a second time, within a budget."""

import random
from dataclasses import dataclass, field

import pytest

from application.ports.circuit_breakers import BreakerState, CircuitOpen
from infrastructure.resilience.breaker import Breaker, BreakerRule
from infrastructure.resilience.retries import call_with_retry
from infrastructure.resilience.retry_budget import RetryBudget

RULE = BreakerRule(failures_to_open=3, open_seconds=30, timeout_seconds=15, successes_to_close=2)


class Refused(Exception): ...


class Overloaded(Exception):
    def __init__(self, retry_after_seconds: float) -> None:
        self.retry_after_seconds = retry_after_seconds


@dataclass
class Dependency:
    """Raises the errors one after the other, then answers."""

    errors: list[Exception] = field(default_factory=list)
    calls: int = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


@pytest.fixture
def breaker() -> Breaker:
    return Breaker("test", RULE, is_failure=lambda error: not isinstance(error, Refused))


async def _call(breaker: Breaker, dependency: Dependency, *, idempotent: bool = True) -> str:
    return await call_with_retry(breaker, dependency, idempotent=idempotent, longest_pause_seconds=0)


async def _save_retries(breaker: Breaker, number: int) -> None:
    for _ in range(10 * number):
        await _call(breaker, Dependency())


async def test_a_second_try_may_succeed_and_is_one_good_outcome(breaker: Breaker) -> None:
    await _save_retries(breaker, 1)
    dependency = Dependency([OSError("down")])
    assert await _call(breaker, dependency) == "answer"
    assert dependency.calls == 2
    assert breaker.status().failures == 0


async def test_the_pause_before_the_second_try_is_no_longer_than_asked_for(
    breaker: Breaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = list[tuple[float, float]]()

    def draw(shortest: float, longest: float) -> float:
        drawn.append((shortest, longest))
        return 0

    monkeypatch.setattr(random, "uniform", draw)
    await _save_retries(breaker, 10)
    for _ in range(10):
        assert await _call(breaker, Dependency([OSError("down")])) == "answer"
    assert drawn == [(0, 0)] * 10


async def test_two_bad_tries_are_one_failure(breaker: Breaker) -> None:
    await _save_retries(breaker, 1)
    dependency = Dependency([OSError("down"), OSError("still")])
    with pytest.raises(OSError, match="still"):
        await _call(breaker, dependency)
    assert (dependency.calls, breaker.status().failures) == (2, 1)


@pytest.mark.parametrize("error", [Refused(), Overloaded(3), Overloaded(0.5)])
async def test_refusals_and_asked_pauses_are_not_tried_again(breaker: Breaker, error: Exception) -> None:
    await _save_retries(breaker, 1)
    dependency = Dependency([error])
    with pytest.raises(type(error)):
        await _call(breaker, dependency)
    assert dependency.calls == 1


async def test_what_is_not_idempotent_is_not_tried_again(breaker: Breaker) -> None:
    await _save_retries(breaker, 1)
    dependency = Dependency([OSError("down")])
    with pytest.raises(OSError, match="down"):
        await _call(breaker, dependency, idempotent=False)
    assert dependency.calls == 1


async def test_an_open_breaker_is_not_asked_and_a_probe_not_tried_again(breaker: Breaker) -> None:
    await _save_retries(breaker, 2)
    breaker.force_open("maintenance", 60)
    dependency = Dependency([OSError("down")])
    with pytest.raises(CircuitOpen):
        await _call(breaker, dependency)
    breaker.force_open("maintenance", 0)
    with pytest.raises(OSError, match="down"):
        await _call(breaker, dependency)
    assert dependency.calls == 1
    assert breaker.state is BreakerState.OPEN


async def test_a_breaker_that_opens_meanwhile_ends_it(breaker: Breaker) -> None:
    await _save_retries(breaker, 1)
    dependency = Dependency([OSError("down")])

    async def opened_meanwhile() -> str:
        try:
            return await dependency()
        finally:
            breaker.force_open("maintenance", 60)

    with pytest.raises(OSError, match="down"):
        await call_with_retry(breaker, opened_meanwhile, idempotent=True, longest_pause_seconds=0)
    assert dependency.calls == 1


def test_retries_are_a_tenth_of_the_calls_and_no_more_than_ten_are_saved() -> None:
    budget, retries = RetryBudget(), 0
    for _ in range(1000):
        budget.earn()
        retries += budget.spend()
    assert retries == 100
    for _ in range(1000):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) == 10
