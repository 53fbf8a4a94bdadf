"""How many of the last minute's calls failed."""

from collections import deque

WINDOW_SECONDS = 60
FEWEST_CALLS = 10


class FailureRate:
    """Counts by whole seconds: a call is remembered for between 59 and 60 seconds."""

    def __init__(self) -> None:
        self._seconds: deque[list[int]] = deque()
        self._calls = 0
        self._failures = 0

    def add(self, now: float, *, failed: bool) -> None:
        """`now` never goes back."""
        second = int(now)
        seconds = self._seconds
        if not seconds or seconds[-1][0] != second:
            seconds.append([second, 0, 0])
            self._forget(second - WINDOW_SECONDS)
        newest = seconds[-1]
        newest[1] += 1
        newest[2] += failed
        self._calls += 1
        self._failures += failed

    @property
    def is_bad(self) -> bool:
        """At least half failed, of at least ten, as of the last call."""
        return self._calls >= FEWEST_CALLS and self._failures * 2 >= self._calls

    def clear(self) -> None:
        self._seconds.clear()
        self._calls = self._failures = 0

    def _forget(self, second: int) -> None:
        while self._seconds[0][0] <= second:
            _, calls, failures = self._seconds.popleft()
            self._calls -= calls
            self._failures -= failures
