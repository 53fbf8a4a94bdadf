import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from application.ports.circuit_breakers import BreakerState, CircuitOpen, UnknownBreaker
from infrastructure.resilience.breaker import Breaker, BreakerRegistry, BreakerRule
from tests.support.polling import until

RULE = BreakerRule(failures_to_open=3, open_seconds=30, timeout_seconds=15, successes_to_close=2)


class Refused(Exception): ...


@dataclass
class Time:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Dependency:
    """Answers, fails or hangs as told, and counts."""

    error: Exception | None = None
    hangs: bool = False
    calls: int = 0
    cancelled: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> str:
        self.calls += 1
        if self.hangs:
            try:
                await self.released.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        if self.error is not None:
            raise self.error
        return "answer"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    return Breaker("test", RULE, is_failure=lambda error: not isinstance(error, Refused), monotonic=time)


async def _fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(OSError, match="down"):
            await breaker.call(Dependency(OSError("down")))


async def test_it_opens_after_as_many_consecutive_failures_as_the_rule_says(breaker: Breaker) -> None:
    await _fail(breaker, 2)
    assert breaker.state is BreakerState.CLOSED
    await _fail(breaker, 1)
    assert breaker.state is BreakerState.OPEN


async def test_a_success_in_between_begins_the_count_anew(breaker: Breaker) -> None:
    await _fail(breaker, 2)
    assert await breaker.call(Dependency()) == "answer"
    await _fail(breaker, 2)
    assert breaker.state is BreakerState.CLOSED


async def test_an_open_breaker_sends_nothing_and_says_when_to_come_back(breaker: Breaker, time: Time) -> None:
    await _fail(breaker, 3)
    time.seconds += 10.5
    dependency = Dependency()
    with pytest.raises(CircuitOpen) as refusal:
        await breaker.call(dependency)
    assert refusal.value.retry_after == 20
    assert dependency.calls == 0


async def test_refusals_are_no_failures(breaker: Breaker) -> None:
    for _ in range(5):
        with pytest.raises(Refused):
            await breaker.call(Dependency(Refused()))
    assert breaker.state is BreakerState.CLOSED


async def test_a_refusal_ends_a_row_of_failures(breaker: Breaker) -> None:
    await _fail(breaker, 2)
    with pytest.raises(Refused):
        await breaker.call(Dependency(Refused()))
    await _fail(breaker, 2)
    assert breaker.state is BreakerState.CLOSED


async def test_a_call_that_hangs_is_really_cancelled_and_counts(breaker: Breaker) -> None:
    hanging = Dependency(hangs=True)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await breaker.call(hanging, timeout_seconds=0.001)
    assert hanging.cancelled == 3
    assert breaker.state is BreakerState.OPEN


async def test_a_cancelled_caller_says_nothing_about_the_dependency(breaker: Breaker) -> None:
    hanging = Dependency(hangs=True)
    for _ in range(5):
        await _cancelled(breaker, hanging)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.status().failures == 0


async def test_half_open_lets_one_probe_of_a_hundred_through(breaker: Breaker, time: Time) -> None:
    await _fail(breaker, 3)
    time.seconds += 30
    probe = Dependency(hangs=True)
    calls = [asyncio.create_task(breaker.call(probe)) for _ in range(100)]
    await until(lambda: sum(call.done() for call in calls) == 99)
    refused = [call for call in calls if call.done()]
    probe.released.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert probe.calls == 1
    assert [result for result in results if result == "answer"] == ["answer"]
    assert all(isinstance(call.exception(), CircuitOpen) for call in refused)


async def test_it_closes_after_as_many_good_probes_as_the_rule_says(breaker: Breaker, time: Time) -> None:
    await _fail(breaker, 3)
    time.seconds += 30
    await breaker.call(Dependency())
    assert breaker.state is BreakerState.HALF_OPEN
    await breaker.call(Dependency())
    assert breaker.state is BreakerState.CLOSED


async def test_a_bad_probe_opens_it_for_the_whole_time_again(breaker: Breaker, time: Time) -> None:
    await _fail(breaker, 3)
    time.seconds += 30
    await _fail(breaker, 1)
    time.seconds += 29
    with pytest.raises(CircuitOpen):
        await breaker.call(Dependency())


async def test_a_cancelled_probe_makes_room_for_the_next(breaker: Breaker, time: Time) -> None:
    await _fail(breaker, 3)
    time.seconds += 30
    await _cancelled(breaker, Dependency(hangs=True))
    assert breaker.state is BreakerState.HALF_OPEN
    assert await breaker.call(Dependency()) == "answer"


async def test_an_outcome_from_before_it_opened_is_not_taken_for_a_probe(breaker: Breaker, time: Time) -> None:
    late = Dependency(hangs=True)
    call = asyncio.create_task(breaker.call(late))
    await until(lambda: late.calls == 1)
    await _fail(breaker, 3)
    late.released.set()
    assert await call == "answer"
    assert breaker.state is BreakerState.OPEN


async def test_a_fallback_answers_while_open_and_after_failures_but_not_for_refusals(breaker: Breaker) -> None:
    for _ in range(4):
        assert await breaker.call(Dependency(OSError("down")), fallback="instead") == "instead"
    assert breaker.state is BreakerState.OPEN
    breaker.reset()
    with pytest.raises(Refused):
        await breaker.call(Dependency(Refused()), fallback="instead")


async def test_the_status_tells_state_and_instants(breaker: Breaker, time: Time) -> None:
    assert breaker.status().opened_at is None
    await _fail(breaker, 3)
    time.seconds += 10
    status = breaker.status()
    assert (status.name, status.state, status.failures, status.calls) == ("test", BreakerState.OPEN, 3, 3)
    assert status.opened_at is not None
    assert status.retry_at is not None
    assert (status.retry_at - status.opened_at).total_seconds() == 30
    assert 10 <= (datetime.now(UTC) - status.opened_at).total_seconds() < 20


async def test_the_registry_resets_one_or_all(time: Time) -> None:
    breakers = [Breaker(name, RULE, monotonic=time) for name in ("payments", "email", "cache")]
    for breaker in breakers:
        await _fail(breaker, 3)
    registry = BreakerRegistry(breakers)
    await registry.reset("email")
    assert [status.state for status in await registry.status()] == ["open", "closed", "open"]
    await registry.reset("all")
    assert [status.state for status in await registry.status()] == ["closed"] * 3
    assert [status.failures for status in await registry.status()] == [0] * 3


async def test_the_registry_knows_no_other_names() -> None:
    with pytest.raises(UnknownBreaker):
        await BreakerRegistry([]).reset("payments")


async def _cancelled(breaker: Breaker, dependency: Dependency) -> None:
    seen = dependency.calls
    call = asyncio.create_task(breaker.call(dependency))
    await until(lambda: dependency.calls > seen)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
