"""What a breaker does beyond counting: growing rests, asked pauses, fallbacks, steering, listeners."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from application.ports.circuit_breakers import (
    BreakerState,
    BreakerTransition,
    CircuitOpen,
    UnknownBreaker,
)
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker, BreakerRegistry, BreakerRule
from infrastructure.resilience.failure_rate import FailureRate

RULE = BreakerRule(failures_to_open=3, open_seconds=10, timeout_seconds=15, successes_to_close=2, concurrent_calls=2)


class Overloaded(Exception):
    def __init__(self, retry_after_seconds: object) -> None:
        self.retry_after_seconds = retry_after_seconds


@dataclass
class Time:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    return Breaker("test", RULE, monotonic=time)


async def _answer() -> str:
    return "answer"


def _failing(error: Exception) -> Callable[[], Awaitable[str]]:
    async def fail() -> str:
        raise error

    return fail


async def _fail(breaker: Breaker, times: int = 1, error: Exception | None = None) -> None:
    error = error or OSError("down")
    for _ in range(times):
        with pytest.raises(type(error)):
            await breaker.call(_failing(error))


def _wait(breaker: Breaker) -> float:
    return breaker.position().wait_seconds


async def test_the_rest_doubles_with_jitter_until_a_minute_and_begins_anew_after_closing(time: Time) -> None:
    jitters: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        jitters.append((low, high))
        return low

    breaker = Breaker("test", RULE, monotonic=time, jitter=jitter)
    await _fail(breaker, 3)
    waits = [_wait(breaker)]
    for _ in range(4):
        time.seconds += 60
        await _fail(breaker)
        waits.append(_wait(breaker))
    assert waits == pytest.approx([10, 16, 32, 48, 48])
    assert set(jitters) == {(0.8, 1)}
    time.seconds += 60
    await breaker.call(_answer)
    await breaker.call(_answer)
    await _fail(breaker, 3)
    assert _wait(breaker) == pytest.approx(10)


@pytest.mark.parametrize("rule", BREAKER_RULES.values())
def test_no_rest_is_longer_than_a_minute(rule: BreakerRule) -> None:
    assert max(rule.open_time(reopened, 10_000, lambda _low, high: high) for reopened in range(2000)) <= 60


@pytest.mark.parametrize(
    ("asked", "rest"),
    [(5, 10), (25, 25), (25.5, 25.5), (500, 60), (-1, 10), ("soon", 10), (None, 10), (float("nan"), 10)],
)
async def test_the_pause_that_the_dependency_asks_for_is_kept(breaker: Breaker, asked: object, rest: float) -> None:
    await _fail(breaker, 3, Overloaded(asked))
    assert _wait(breaker) == pytest.approx(rest)


async def test_half_of_ten_failures_within_a_minute_open_it(breaker: Breaker, time: Time) -> None:
    for _ in range(4):
        await _fail(breaker)
        await breaker.call(_answer)
        time.seconds += 1
    await breaker.call(_answer)
    assert breaker.state is BreakerState.CLOSED
    await _fail(breaker)
    assert breaker.state is BreakerState.OPEN
    assert breaker.status().reason == "too many of the last calls failed"


async def test_failures_of_more_than_a_minute_ago_are_forgotten(breaker: Breaker, time: Time) -> None:
    for _ in range(4):
        await _fail(breaker)
        await breaker.call(_answer)
    time.seconds += 60
    for _ in range(5):
        await breaker.call(_answer)
    await _fail(breaker, 2)
    assert breaker.state is BreakerState.CLOSED


def test_the_rate_counts_calls_of_sixty_seconds() -> None:
    rate = FailureRate()
    for second in range(10):
        rate.add(second, failed=second >= 5)
    assert rate.is_bad
    rate.add(64, failed=False)
    assert not rate.is_bad


async def _later() -> str:
    return "instead"


@pytest.mark.parametrize("fallback", ["instead", lambda: "instead", _later])
async def test_a_fallback_is_a_value_or_a_function(
    breaker: Breaker, fallback: str | Callable[[], str] | Callable[[], Awaitable[str]]
) -> None:
    for _ in range(4):
        assert await breaker.call(_failing(OSError("down")), fallback=fallback) == "instead"
    assert breaker.state is BreakerState.OPEN
    breaker.reset()
    assert await breaker.call(_answer, fallback=fallback) == "answer"


async def test_none_is_a_fallback(breaker: Breaker) -> None:
    assert await breaker.call(_failing(OSError("down")), fallback=None) is None


async def test_a_forced_rest_ends_by_itself_with_a_probe(time: Time) -> None:
    breaker = Breaker("test", RULE, monotonic=time)
    registry = BreakerRegistry([breaker])
    await registry.force_open("test", "maintenance", 600)
    assert breaker.status().reason == "maintenance"
    time.seconds += 599
    with pytest.raises(CircuitOpen) as refusal:
        await breaker.call(_answer)
    assert refusal.value.retry_after == 1
    time.seconds += 1
    await breaker.call(_answer)
    assert breaker.state is BreakerState.HALF_OPEN
    await breaker.call(_answer)
    assert (breaker.state, breaker.status().reason) == (BreakerState.CLOSED, None)


async def test_all_can_be_opened_and_unknown_ones_cannot(time: Time) -> None:
    breakers = [Breaker(name, RULE, monotonic=time) for name in ("payments", "email")]
    registry = BreakerRegistry(breakers)
    with pytest.raises(UnknownBreaker):
        await registry.force_open("geocoding", "maintenance", 60)
    await registry.force_open("all", "maintenance", 60)
    assert [status.state for status in await registry.status()] == ["open", "open"]


async def test_listeners_hear_every_change_and_one_that_fails_harms_nobody(breaker: Breaker, time: Time) -> None:
    heard: list[BreakerTransition] = []

    def fail(change: BreakerTransition) -> None:
        raise ValueError(change.name)

    registry = BreakerRegistry([breaker])
    registry.on_change(fail)
    registry.on_change(heard.append)
    with capture_logs():
        await _fail(breaker, 3)
        time.seconds += 10
        await breaker.call(_answer)
        await breaker.call(_answer)
    assert [(change.from_state, change.to_state, change.reason) for change in heard] == [
        ("closed", "open", "3 failures in a row"),
        ("open", "half_open", "3 failures in a row"),
        ("half_open", "closed", "probes succeeded"),
    ]
    assert {change.name for change in heard} == {"test"}
