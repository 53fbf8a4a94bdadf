"""Many calls under way at once."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from application.ports.circuit_breakers import BreakerState, DependencyBusy
from infrastructure.resilience.breaker import Breaker
from tests.support.breaker_world import RULE, Time
from tests.support.polling import until


@pytest.fixture
def breaker() -> Breaker:
    return Breaker("test", replace(RULE, concurrent_calls=2), monotonic=Time())


@dataclass
class Crowd:
    """A dependency that keeps its callers waiting."""

    released: asyncio.Event
    calls: int = 0

    async def __call__(self) -> str:
        self.calls += 1
        await self.released.wait()
        return "answer"


async def _fill(breaker: Breaker, crowd: Crowd, number: int) -> "list[asyncio.Task[str]]":
    calls = [asyncio.create_task(breaker.call(crowd)) for _ in range(number)]
    await until(lambda: crowd.calls == number)
    return calls


async def test_no_more_calls_are_under_way_than_the_rule_allows(breaker: Breaker) -> None:
    crowd = Crowd(asyncio.Event())
    calls = await _fill(breaker, crowd, 2)
    for _ in range(5):
        with pytest.raises(DependencyBusy) as refusal:
            await breaker.call(crowd)
        assert refusal.value.retry_after == 1
    assert await breaker.call(crowd, fallback="instead") == "instead"
    assert (breaker.status().failures, breaker.status().calls) == (0, 2)
    calls[0].cancel()
    await until(calls[0].done)
    third = asyncio.create_task(breaker.call(crowd))
    await until(lambda: crowd.calls == 3)
    crowd.released.set()
    assert await asyncio.gather(*calls[1:], third) == ["answer", "answer"]


async def test_when_all_have_ended_as_many_may_come_again_and_no_more(breaker: Breaker) -> None:
    for crowd in (Crowd(asyncio.Event()), Crowd(asyncio.Event())):
        calls = await _fill(breaker, crowd, 2)
        with pytest.raises(DependencyBusy):
            await breaker.call(crowd)
        crowd.released.set()
        assert await asyncio.gather(*calls) == ["answer", "answer"]


async def test_a_reset_forgets_the_calls_under_way() -> None:
    breaker = Breaker("test", replace(RULE, failures_to_open=1), monotonic=Time())
    crowd = Crowd(asyncio.Event())
    call = asyncio.create_task(breaker.call(crowd, timeout_seconds=0.001))
    # It has begun, and its time-out has not come.
    await asyncio.sleep(0)
    assert crowd.calls == 1
    breaker.reset()
    with pytest.raises(TimeoutError):
        await call
    assert breaker.state is BreakerState.CLOSED
