"""Counting attempts in the memory of this process."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from application.ports.rate_limits import LocalRateLimits, RateLimitVerdict

SHARE_KEPT = 0.9


@dataclass(slots=True)
class _Window:
    ends_at: float
    hits: int = 0


class InMemoryRateLimits(LocalRateLimits):
    """Throws away windows that are over, and beyond `max_keys` the oldest: a flood of keys cannot fill the memory."""

    def __init__(self, *, max_keys: int = 100_000, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._max_keys = max_keys
        self._monotonic = monotonic
        self._windows: dict[str, _Window] = {}
        self._prune_at = min(1_000, max_keys)

    async def hit(self, key: str, *, limit: int, window_seconds: int) -> RateLimitVerdict:
        return self.hit_at_once(key, limit=limit, window_seconds=window_seconds)

    def hit_at_once(self, key: str, *, limit: int, window_seconds: int) -> RateLimitVerdict:
        now = self._monotonic()
        window = self._current(key, now)
        if window is None:
            window = self._begin(key, now + window_seconds)
        window.hits += 1
        return verdict(window.hits, limit=limit, seconds_left=window.ends_at - now)

    async def peek(self, key: str, *, limit: int, window_seconds: int) -> RateLimitVerdict:
        now = self._monotonic()
        window = self._current(key, now) or _Window(now + window_seconds)
        return outlook(window.hits, limit=limit, seconds_left=window.ends_at - now)

    async def forget(self, key: str) -> None:
        self._windows.pop(key, None)

    def _current(self, key: str, now: float) -> _Window | None:
        window = self._windows.get(key)
        return window if window is not None and window.ends_at > now else None

    def _begin(self, key: str, ends_at: float) -> _Window:
        self._windows.pop(key, None)
        if len(self._windows) >= self._prune_at:
            self._prune()
        window = self._windows[key] = _Window(ends_at)
        return window

    def _prune(self) -> None:
        """Looks at all windows, but only when their number has doubled, or grown by a tenth, since it last did."""
        now = self._monotonic()
        self._windows = {key: window for key, window in self._windows.items() if window.ends_at > now}
        if len(self._windows) > self._max_keys * SHARE_KEPT:
            excess = len(self._windows) - int(self._max_keys * SHARE_KEPT)
            for key in list(islice(self._windows, excess)):
                del self._windows[key]
        self._prune_at = min(self._max_keys, max(1_000, 2 * len(self._windows)))


def verdict(hits: int, *, limit: int, seconds_left: float) -> RateLimitVerdict:
    """The answer to the last of `hits`."""
    return RateLimitVerdict(
        allowed=hits <= limit,
        limit=limit,
        remaining=max(0, limit - hits),
        reset_seconds=max(1, math.ceil(seconds_left)),
    )


def outlook(hits: int, *, limit: int, seconds_left: float) -> RateLimitVerdict:
    """The answer to somebody who has made `hits` and asks whether one more would pass."""
    return RateLimitVerdict(
        allowed=hits < limit,
        limit=limit,
        remaining=max(0, limit - hits),
        reset_seconds=max(1, math.ceil(seconds_left)),
    )
