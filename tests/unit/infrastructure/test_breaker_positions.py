"""Where a breaker stands, as operators see it and as other processes tell it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from application.ports.circuit_breakers import BreakerState, BreakerTransition, CircuitOpen, DependencyBusy
from infrastructure.resilience.breaker import Breaker, asked_pause
from infrastructure.resilience.breaker_link import BreakerPosition
from tests.support.breaker_world import RULE, Time, answer, fail


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    return Breaker("test", RULE, monotonic=time, jitter=lambda _low, high: high)


async def test_a_position_tells_everything(breaker: Breaker, time: Time) -> None:
    await fail(breaker, 2)
    time.seconds += 7
    assert breaker.position() == BreakerPosition(state=BreakerState.CLOSED, failures=2, age_seconds=7)
    await fail(breaker)
    time.seconds += 4
    assert breaker.position() == BreakerPosition(
        state=BreakerState.OPEN, failures=3, wait_seconds=26, age_seconds=4, reason="3 failures in a row"
    )
    time.seconds += 26
    await fail(breaker)
    time.seconds += 1
    assert breaker.position() == BreakerPosition(
        state=BreakerState.OPEN, failures=4, reopened=1, wait_seconds=59, age_seconds=1, reason="a probe failed"
    )
    time.seconds += 59
    await breaker.call(answer)
    time.seconds += 3
    assert breaker.position() == BreakerPosition(
        state=BreakerState.HALF_OPEN, successes=1, reopened=1, age_seconds=3, reason="a probe failed"
    )


async def test_while_probed_it_is_still_down_since_it_opened_and_names_no_time_to_come_back(
    breaker: Breaker, time: Time
) -> None:
    await fail(breaker, 3)
    time.seconds += 100
    await breaker.call(answer)
    time.seconds += 20
    status = breaker.status()
    assert status.state is BreakerState.HALF_OPEN
    assert status.opened_at is not None
    assert _ago(status.opened_at) == pytest.approx(120, abs=5)
    assert status.retry_at is None
    assert status.reason == "3 failures in a row"


async def test_a_failed_probe_opens_it_anew(breaker: Breaker, time: Time) -> None:
    await fail(breaker, 3)
    time.seconds += 100
    await fail(breaker)
    time.seconds += 20
    status = breaker.status()
    assert status.opened_at is not None
    assert status.retry_at is not None
    assert _ago(status.opened_at) == pytest.approx(20, abs=5)
    assert status.retry_at - status.opened_at == timedelta(seconds=60)


async def test_an_adopted_rest_is_kept_to_its_end_and_ends_with_probes(breaker: Breaker, time: Time) -> None:
    breaker.adopt(
        BreakerPosition(state=BreakerState.OPEN, failures=3, reopened=2, wait_seconds=20, age_seconds=8, reason="down")
    )
    status = breaker.status()
    assert (status.failures, status.reason) == (3, "down")
    assert status.opened_at is not None
    assert status.retry_at is not None
    assert _ago(status.opened_at) == pytest.approx(8, abs=5)
    assert status.retry_at - status.opened_at == timedelta(seconds=28)
    time.seconds += 19.9
    with pytest.raises(CircuitOpen):
        await breaker.call(answer)
    time.seconds += 0.1
    await fail(breaker)
    assert breaker.position().reopened == 3


async def test_of_one_that_others_probe_the_opening_is_as_old_as_what_they_tell(breaker: Breaker) -> None:
    breaker.adopt(BreakerPosition(state=BreakerState.HALF_OPEN, age_seconds=30, reason="down"))
    status = breaker.status()
    assert status.opened_at is not None
    assert _ago(status.opened_at) == pytest.approx(30, abs=5)


async def test_the_good_probes_of_others_count(breaker: Breaker) -> None:
    breaker.adopt(BreakerPosition(state=BreakerState.HALF_OPEN, failures=3, successes=1, reason="down"))
    assert breaker.position().successes == 1
    await breaker.call(answer)
    assert breaker.state is BreakerState.CLOSED


async def test_the_failures_of_others_count(breaker: Breaker) -> None:
    breaker.adopt(BreakerPosition(state=BreakerState.CLOSED, failures=2))
    await fail(breaker)
    assert breaker.state is BreakerState.OPEN


async def test_a_longer_rest_told_by_others_is_adopted(breaker: Breaker, time: Time) -> None:
    await fail(breaker, 3)
    breaker.adopt(BreakerPosition(state=BreakerState.OPEN, reopened=4, wait_seconds=50, reason="told"))
    position = breaker.position()
    assert (position.reopened, position.wait_seconds, position.reason) == (4, 50, "told")
    time.seconds += 49.5
    with pytest.raises(CircuitOpen) as refusal:
        await breaker.call(answer)
    assert refusal.value.retry_after == 1


async def test_a_call_under_way_counts_though_others_told_their_failures_meanwhile(breaker: Breaker) -> None:
    async def told_meanwhile() -> str:
        breaker.adopt(BreakerPosition(state=BreakerState.CLOSED, failures=2))
        raise OSError("down")

    with pytest.raises(OSError, match="down"):
        await breaker.call(told_meanwhile)
    assert breaker.state is BreakerState.OPEN


async def test_a_call_from_before_a_reset_never_counts_however_many_there_were(breaker: Breaker) -> None:
    async def reset_meanwhile() -> str:
        breaker.reset()
        raise OSError("down")

    breaker.reset()
    for _ in range(RULE.failures_to_open):
        with pytest.raises(OSError, match="down"):
            await breaker.call(reset_meanwhile)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.status().failures == 0


async def test_a_pause_is_asked_for_until_the_next_answer(time: Time) -> None:
    breaker = Breaker("test", replace(RULE, open_seconds=0.5), monotonic=time)

    class Overloaded(Exception):
        retry_after_seconds = 45

    for _ in range(4):
        await fail(breaker, error=Overloaded())
        await breaker.call(answer)
    await fail(breaker, error=Overloaded())
    await breaker.call(answer)
    assert breaker.status().reason == "too many of the last calls failed"
    assert breaker.position().wait_seconds == 0.5


async def test_refusals_name_the_dependency(breaker: Breaker) -> None:
    crowded = Breaker("test", replace(RULE, concurrent_calls=0))
    with pytest.raises(DependencyBusy, match=r"^test is busy$"):
        await crowded.call(answer)
    await fail(breaker, 3)
    with pytest.raises(CircuitOpen, match=r"^test is away$"):
        await breaker.call(answer)


async def test_a_call_without_a_time_limit_of_its_own_has_that_of_the_rule() -> None:
    breaker = Breaker("test", replace(RULE, timeout_seconds=0.001))
    with pytest.raises(TimeoutError):
        await breaker.call(asyncio.Event().wait)
    assert breaker.status().failures == 1


async def test_listeners_and_the_log_are_told_what_became_of_which_breaker_and_why(breaker: Breaker) -> None:
    heard: list[BreakerTransition] = []
    breaker.on_change(heard.append)
    with capture_logs() as logged:
        breaker.force_open("maintenance", 600)
        breaker.reset()
    assert [(change.name, change.from_state, change.to_state, change.reason) for change in heard] == [
        ("test", "closed", "open", "maintenance"),
        ("test", "open", "closed", "reset"),
    ]
    assert all(change.at.tzinfo is UTC and _ago(change.at) == pytest.approx(0, abs=5) for change in heard)
    assert logged == [
        {"event": "breaker.changed", "log_level": "warning", "breaker": "test", **told}
        for told in (
            {"state": "open", "reason": "maintenance", "message": "Circuit breaker open"},
            {"state": "closed", "reason": "reset"},
        )
    ]


def test_a_listener_that_fails_is_named_in_the_log(breaker: Breaker) -> None:
    def broken(change: BreakerTransition) -> None:
        raise ValueError(change.name)

    breaker.on_change(broken)
    with capture_logs() as logged:
        breaker.reset()
        breaker.force_open("maintenance", 600)
    assert [(entry["event"], entry["breaker"]) for entry in logged] == [
        ("breaker.changed", "test"),
        ("breaker.listener_failed", "test"),
    ]
    assert logged[1]["exc_info"]


@pytest.mark.parametrize(("asked", "seconds"), [(3, 3.0), (0.5, 0.5), (0, 0.0), (-1, 0.0), (float("inf"), 0.0)])
def test_an_asked_pause_is_a_number_of_seconds_that_will_end(asked: float, seconds: float) -> None:
    class Overloaded(Exception):
        retry_after_seconds = asked

    assert asked_pause(Overloaded()) == seconds
    assert asked_pause(OSError("down")) == 0


def _ago(instant: datetime) -> float:
    return (datetime.now(UTC) - instant).total_seconds()
