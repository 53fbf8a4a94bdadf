"""The rate of failures of the last minute."""

import pytest

from infrastructure.resilience.failure_rate import FailureRate

WHENEVER = pytest.mark.parametrize("start", range(12))


def _add(rate: FailureRate, now: float, *, good: int = 0, bad: int = 0) -> None:
    for failed in [False] * good + [True] * bad:
        rate.add(now, failed=failed)


def test_nine_calls_are_too_few_to_judge_and_ten_are_enough() -> None:
    rate = FailureRate()
    _add(rate, 0, bad=9)
    assert not rate.is_bad
    _add(rate, 0, bad=1)
    assert rate.is_bad


def test_half_is_bad_and_less_is_not() -> None:
    rate = FailureRate()
    _add(rate, 0, good=6, bad=5)
    assert not rate.is_bad
    _add(rate, 0, bad=1)
    assert rate.is_bad


@WHENEVER
def test_good_calls_of_a_minute_ago_hide_no_failures(start: int) -> None:
    rate = FailureRate()
    _add(rate, start, good=6)
    _add(rate, start + 1, good=5, bad=4)
    assert not rate.is_bad
    _add(rate, start + 60, bad=1)
    assert rate.is_bad


@WHENEVER
def test_failures_of_a_minute_ago_are_held_against_nobody(start: int) -> None:
    rate = FailureRate()
    _add(rate, start, bad=4, good=5)
    _add(rate, start + 1, bad=1, good=8)
    _add(rate, start + 60, bad=1)
    assert not rate.is_bad


def test_a_call_is_remembered_for_nearly_a_minute_and_no_longer() -> None:
    rate = FailureRate()
    _add(rate, 0.9, bad=9)
    _add(rate, 59.9, good=1)
    assert rate.is_bad
    _add(rate, 60, good=1)
    assert not rate.is_bad


def test_what_is_cleared_counts_no_more() -> None:
    rate = FailureRate()
    _add(rate, 0, bad=20)
    rate.clear()
    _add(rate, 1, bad=9)
    assert not rate.is_bad
    _add(rate, 60, bad=1)
    assert rate.is_bad
