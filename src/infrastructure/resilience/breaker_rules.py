"""The numbers of every breaker."""

import random
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_OPEN_SECONDS = 60.0
SHORTEST_SHARE_OF_OPEN_TIME = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRule:
    """When to open (consecutive failures, or the rate of the last minute), for how long, after how many good probes to
    close, when a call is given up, and how many may be under way at once. An answer that took longer than
    `slow_seconds` is given and counts as a failure."""

    failures_to_open: int
    open_seconds: float
    timeout_seconds: float
    successes_to_close: int
    concurrent_calls: int = 1000
    longest_open_seconds: float = LONGEST_OPEN_SECONDS
    slow_seconds: float | None = None

    def open_time(self, reopened: int, asked_seconds: float, jitter: Callable[[float, float], float]) -> float:
        """Seconds to stay open: doubled each time a probe failed, with jitter then, at least what the dependency asked
        for, and never beyond the longest."""
        seconds = self.open_seconds
        if reopened:
            longest = max(self.longest_open_seconds, self.open_seconds)
            seconds = min(longest, seconds * 2.0 ** min(reopened, 30)) * jitter(SHORTEST_SHARE_OF_OPEN_TIME, 1)
        return max(seconds, min(asked_seconds, LONGEST_OPEN_SECONDS))


BREAKER_RULES = {
    "payments": BreakerRule(
        failures_to_open=3, open_seconds=30, timeout_seconds=15, successes_to_close=2, concurrent_calls=50
    ),
    "email": BreakerRule(
        failures_to_open=5, open_seconds=60, timeout_seconds=10, successes_to_close=2, concurrent_calls=20
    ),
    "geocoding": BreakerRule(
        failures_to_open=5, open_seconds=60, timeout_seconds=10, successes_to_close=2, concurrent_calls=10
    ),
    "external": BreakerRule(
        failures_to_open=5, open_seconds=60, timeout_seconds=10, successes_to_close=2, concurrent_calls=20
    ),
    # Asking Redis again costs one request a tenth of a second: the cache need not stay away for a minute.
    # A cache that answers later than the database is none, and a request may ask several times.
    "cache": BreakerRule(
        failures_to_open=2,
        open_seconds=1,
        timeout_seconds=0.1,
        successes_to_close=1,
        longest_open_seconds=5,
        slow_seconds=0.01,
    ),
}

default_jitter = random.uniform
