"""When an answer that comes speaks against the dependency all the same."""

import asyncio
import time
from dataclasses import replace

import pytest

from application.ports.circuit_breakers import BreakerState
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker
from infrastructure.resilience.slow_call import SlowCall
from tests.support.polling import until

SLOW_SECONDS = 0.01
RULE = replace(BREAKER_RULES["cache"], timeout_seconds=60, slow_seconds=SLOW_SECONDS)


async def _answer() -> str:
    return "answer"


async def _answer_slowly() -> str:
    """As slow as it takes to be called slow, on a machine that is as busy as it is: several who watch have called it
    slow by then, one after the other, so whoever watched all along has, too."""
    for _ in range(5):
        watch = SlowCall(SLOW_SECONDS)
        await until(lambda watch=watch: watch.is_slow)
    return "answer"


async def test_a_call_without_an_answer_in_time_is_slow() -> None:
    watch = SlowCall(SLOW_SECONDS)
    await until(lambda: watch.is_slow)


async def test_a_call_that_is_over_is_never_slow() -> None:
    over, later = SlowCall(SLOW_SECONDS), SlowCall(2 * SLOW_SECONDS)
    over.end()
    await until(lambda: later.is_slow)
    assert not over.is_slow


async def test_a_loop_that_is_late_itself_blames_nobody() -> None:
    watch = SlowCall(SLOW_SECONDS)
    for _ in range(5):
        # Busy, and therefore deaf; in between it hears what came meanwhile.
        time.sleep(2 * SLOW_SECONDS)  # noqa: ASYNC251
        await asyncio.sleep(0)
    assert not watch.is_slow
    watch.end()


async def test_slow_answers_are_given_and_open_the_breaker() -> None:
    breaker = Breaker("cache", RULE)
    for _ in range(RULE.failures_to_open):
        assert breaker.state is BreakerState.CLOSED
        assert await breaker.call(_answer_slowly) == "answer"
    assert breaker.state is BreakerState.OPEN


async def test_a_quick_answer_in_between_begins_the_count_anew() -> None:
    breaker = Breaker("cache", RULE)
    for _ in range(3):
        await breaker.call(_answer_slowly)
        await breaker.call(_answer)
    assert breaker.state is BreakerState.CLOSED


async def test_a_slow_probe_opens_it_again() -> None:
    breaker = Breaker("cache", replace(RULE, open_seconds=0))
    for _ in range(RULE.failures_to_open):
        await breaker.call(_answer_slowly)
    assert await breaker.call(_answer_slowly) == "answer"
    assert breaker.state is BreakerState.OPEN
    await breaker.call(_answer)
    assert breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize("name", ["payments", "email", "geocoding", "external"])
async def test_what_has_no_other_answer_may_take_its_time(name: str) -> None:
    breaker = Breaker(name, BREAKER_RULES[name])
    for _ in range(BREAKER_RULES[name].failures_to_open):
        await breaker.call(_answer_slowly)
    assert breaker.status().failures == 0
