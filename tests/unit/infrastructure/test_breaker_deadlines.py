"""Calls outside know how long their caller waits."""

import asyncio

import pytest

from application.deadline import DeadlineExceeded, deadline_in
from application.ports.circuit_breakers import BreakerState
from infrastructure.resilience.breaker import Breaker, BreakerRule
from infrastructure.resilience.call_outcomes import CallOutcome
from tests.support.passing_time import PassingTime
from tests.support.polling import until

RULE = BreakerRule(failures_to_open=2, open_seconds=60, timeout_seconds=30, successes_to_close=1)


async def _silent() -> str:
    await asyncio.Event().wait()
    return "never"


async def _answer() -> str:
    return "answer"


def _breaker(rule: BreakerRule = RULE) -> tuple[Breaker, list[CallOutcome]]:
    breaker, outcomes = Breaker("test", rule), list[CallOutcome]()
    breaker.observe = lambda outcome, _seconds: outcomes.append(outcome)
    return breaker, outcomes


@pytest.fixture
async def passing_time(monkeypatch: pytest.MonkeyPatch) -> PassingTime:
    return PassingTime(monkeypatch)


async def _cut_short(breaker: Breaker, passing_time: PassingTime) -> None:
    """By a deadline that does not come before the call was made, however busy the machine is."""
    with deadline_in(RULE.timeout_seconds / 2):
        call = asyncio.create_task(breaker.call(_silent))
    await until(lambda: breaker._under_way == 1)
    await passing_time.skip_until(call.done)
    with pytest.raises(TimeoutError):
        await call


async def test_a_call_takes_no_longer_than_its_caller_waits_and_that_is_nobodys_failure(
    passing_time: PassingTime,
) -> None:
    breaker, outcomes = _breaker()
    for _ in range(3):
        await _cut_short(breaker, passing_time)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.status().failures == 0
    assert outcomes == [CallOutcome.CANCELLED] * 3


async def test_its_own_time_out_counts_when_it_comes_before_the_deadline() -> None:
    breaker, outcomes = _breaker()
    for _ in range(2):
        with deadline_in(60), pytest.raises(TimeoutError):
            await breaker.call(_silent, timeout_seconds=0.01)
    assert breaker.state is BreakerState.OPEN
    assert outcomes == [CallOutcome.TIMED_OUT] * 2


async def test_nothing_is_sent_after_the_deadline() -> None:
    breaker, outcomes = _breaker()
    with deadline_in(0):
        with pytest.raises(DeadlineExceeded):
            await breaker.call(_answer)
        assert await breaker.call(_answer, fallback="instead") == "instead"
    assert breaker.status().calls == 0
    assert outcomes == [CallOutcome.NOT_SENT] * 2


async def test_a_probe_cut_short_makes_room_for_the_next(passing_time: PassingTime) -> None:
    breaker, _ = _breaker(BreakerRule(failures_to_open=1, open_seconds=0, timeout_seconds=30, successes_to_close=1))
    with pytest.raises(TimeoutError):
        await breaker.call(_silent, timeout_seconds=0.01)
    await _cut_short(breaker, passing_time)
    assert await breaker.call(_answer) == "answer"
    assert breaker.state is BreakerState.CLOSED


async def test_an_error_before_the_deadline_is_a_failure() -> None:
    async def down() -> None:
        raise ConnectionResetError

    breaker, outcomes = _breaker()
    with deadline_in(10), pytest.raises(ConnectionResetError):
        await breaker.call(down)
    assert breaker.status().failures == 1
    assert outcomes == [CallOutcome.FAILED]


async def test_every_ending_of_a_call_is_observed() -> None:
    class No(Exception): ...

    async def no() -> None:
        raise No

    outcomes = list[tuple[CallOutcome, float]]()
    breaker = Breaker("test", RULE, is_failure=lambda error: not isinstance(error, No))
    breaker.observe = lambda outcome, seconds: outcomes.append((outcome, seconds))
    await breaker.call(_answer)
    with pytest.raises(No):
        await breaker.call(no)
    call = asyncio.ensure_future(breaker.call(_silent))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    breaker.force_open("maintenance", 60)
    await breaker.call(_answer, fallback="")
    assert [outcome for outcome, _ in outcomes] == [
        CallOutcome.SUCCEEDED,
        CallOutcome.REFUSED,
        CallOutcome.CANCELLED,
        CallOutcome.NOT_SENT,
    ]
    assert all(0 <= seconds < 30 for _, seconds in outcomes)
