"""A clock that moves when it is told to."""

from datetime import UTC, datetime, timedelta

from application.ports.clock import Clock


class SettableClock(Clock):
    """Stands at an instant until it is set forward: for tests and demonstrations."""

    def __init__(self, now: datetime) -> None:
        self._now = _in_utc(now)

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """Raises ValueError for an instant before the present one: time does not go back."""
        instant = _in_utc(now)
        if instant < self._now:
            raise ValueError("the clock cannot be set back")
        self._now = instant

    def advance(self, by: timedelta) -> None:
        self.set(self._now + by)


def _in_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("instants need a time zone")
    return instant.astimezone(UTC)
