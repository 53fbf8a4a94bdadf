"""Telling a slow dependency from a busy process."""

import asyncio
import time

ON_TIME_SECONDS = 0.002
LOOK_AGAIN_SECONDS = 0.005


class SlowCall:
    """Watches a call from now until `end`. It is slow when it is not over after `seconds` although the event loop would
    have heard the answer: two looks in a row came on time and found it waiting. A loop that is late itself blames
    nobody."""

    def __init__(self, seconds: float) -> None:
        self.is_slow = False
        self._looks_on_time = 0
        self._look_in(seconds)

    def end(self) -> None:
        self._timer.cancel()

    def _look_in(self, seconds: float) -> None:
        self._due = time.monotonic() + seconds
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        on_time = abs(time.monotonic() - self._due) <= ON_TIME_SECONDS
        self._looks_on_time = self._looks_on_time + 1 if on_time else 0
        if self._looks_on_time == 2:
            self.is_slow = True
        else:
            self._look_in(LOOK_AGAIN_SECONDS)
