"""The machine's clock."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

from application.ports.clock import Clock


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SystemClock(Clock):
    """Tells the machine's time, and stands still while the machine's clock is being set back."""

    def __init__(self, read: Callable[[], datetime] = _utc_now) -> None:
        self._read = read
        self._told = datetime.min.replace(tzinfo=UTC)
        self._lock = Lock()

    def now(self) -> datetime:
        with self._lock:
            self._told = max(self._told, self._read())
            return self._told
