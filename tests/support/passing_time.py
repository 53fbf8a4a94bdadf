"""Time that passes at once: nobody waits for a time-out that is long enough for a busy machine."""

import asyncio
from collections.abc import Callable

import pytest


class PassingTime:
    """The running loop's own time, and as much more as was skipped."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self._skipped = 0.0
        own = loop.time
        monkeypatch.setattr(loop, "time", lambda: own() + self._skipped)

    def skip(self, seconds: float = 1) -> None:
        self._skipped += seconds

    async def skip_until(self, condition: Callable[[], bool]) -> None:
        """Second by second, so that what is due first comes first."""
        while not condition():
            self.skip()
            await asyncio.sleep(0.001)
