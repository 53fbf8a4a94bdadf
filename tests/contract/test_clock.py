from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from application.ports.clock import Clock
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.clock.system_clock import SystemClock

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("make_clock", [SystemClock, lambda: SettableClock(NOON)], ids=["system", "settable"])
def test_the_time_is_in_utc_and_never_runs_back(make_clock: Callable[[], Clock]) -> None:
    clock = make_clock()
    told = [clock.now() for _ in range(1000)]
    assert told == sorted(told)
    assert {instant.tzinfo for instant in told} == {UTC}


def test_the_system_clock_stands_still_while_the_machine_is_set_back() -> None:
    readings = iter([NOON, NOON - timedelta(hours=1), NOON + timedelta(seconds=1)])
    clock = SystemClock(lambda: next(readings))
    assert [clock.now() for _ in range(3)] == [NOON, NOON, NOON + timedelta(seconds=1)]


def test_the_system_clock_is_right() -> None:
    before, told, after = datetime.now(UTC), SystemClock().now(), datetime.now(UTC)
    assert before <= told <= after


def test_a_settable_clock_moves_only_when_told() -> None:
    clock = SettableClock(NOON.astimezone(timezone(timedelta(hours=1))))
    assert clock.now() == NOON
    clock.advance(timedelta(minutes=5))
    assert clock.now() == NOON + timedelta(minutes=5)
    clock.set(NOON + timedelta(days=1))
    assert clock.now() == NOON + timedelta(days=1)


def test_a_settable_clock_cannot_be_set_back() -> None:
    clock = SettableClock(NOON)
    with pytest.raises(ValueError, match="back"):
        clock.advance(timedelta(seconds=-1))


def test_a_settable_clock_refuses_an_instant_without_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        SettableClock(NOON.replace(tzinfo=None))
