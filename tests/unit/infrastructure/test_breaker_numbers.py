"""The numbers that operators were promised."""

from dataclasses import astuple

from infrastructure.resilience.breaker_rules import BREAKER_RULES, BreakerRule

# Failures to open, seconds open, seconds for a call, successes to close, calls at once, longest rest in seconds,
# seconds after which an answer is too slow.
PROMISED = {
    "payments": (3, 30, 15, 2, 50, 60, None),
    "email": (5, 60, 10, 2, 20, 60, None),
    "geocoding": (5, 60, 10, 2, 10, 60, None),
    "external": (5, 60, 10, 2, 20, 60, None),
    "cache": (2, 1, 0.1, 1, 1000, 5, 0.01),
}


def test_every_breaker_has_the_numbers_that_were_promised() -> None:
    assert {name: astuple(rule) for name, rule in BREAKER_RULES.items()} == PROMISED


def test_each_failed_probe_doubles_the_rest_up_to_the_longest() -> None:
    rule = BreakerRule(failures_to_open=1, open_seconds=1, timeout_seconds=1, successes_to_close=1)
    rests = [rule.open_time(reopened, 0, lambda _low, high: high) for reopened in [*range(8), 31, 2000]]
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_the_jitter_takes_a_fifth_at_most() -> None:
    asked: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    assert BREAKER_RULES["cache"].open_time(1, 0, jitter) == 2
    assert asked == [(0.8, 1)]


def test_the_longest_rest_shortens_no_rest_that_the_rule_itself_asks_for() -> None:
    rule = BreakerRule(
        failures_to_open=1, open_seconds=10, timeout_seconds=1, successes_to_close=1, longest_open_seconds=5
    )
    assert rule.open_time(3, 0, lambda _low, high: high) == 10


def test_an_asked_pause_is_kept_up_to_a_minute_even_where_the_longest_rest_is_shorter() -> None:
    cache = BREAKER_RULES["cache"]
    assert [cache.open_time(1, asked, lambda low, _high: low) for asked in (1, 20, 500)] == [1.6, 20, 60]
