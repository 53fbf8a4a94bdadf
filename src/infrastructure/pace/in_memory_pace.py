"""The pace of this process alone."""

import time
from collections.abc import Callable

from application.ports.pace import Pace, Turn


class InMemoryPace(Pace):
    """Evenly spaced turns: the generic cell rate algorithm (ITU-T I.371) without a burst."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._next: dict[str, float] = {}

    async def turn(self, provider: str, *, per_second: float, longest_wait_seconds: float) -> Turn:
        now = self._monotonic()
        at = max(now, self._next.get(provider, now))
        is_reserved = at - now <= longest_wait_seconds
        if is_reserved:
            self._next[provider] = at + 1 / per_second
        return Turn(at - now, is_reserved)
