"""Spans of one day's wall-clock time."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Self

from domain.shared.errors import InvalidInput

MINUTES_PER_DAY = 24 * 60

_CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)", re.ASCII)


class NotAClockTime(InvalidInput):
    title = "A time of day is written HH:MM, from 00:00 to 24:00"


class HoursEndBeforeStart(InvalidInput):
    title = "Open hours must end after they start"


class OverlappingHours(InvalidInput):
    title = "Open hours of one day overlap"


@dataclass(frozen=True, slots=True, order=True)
class OpenHours:
    """[start, end) in minutes after local midnight, 0 to 1440: 1440 is 24:00. Raises InvalidInput."""

    start_minute: int
    end_minute: int

    def __post_init__(self) -> None:
        if not (0 <= self.start_minute <= MINUTES_PER_DAY and 0 <= self.end_minute <= MINUTES_PER_DAY):
            raise NotAClockTime
        if self.end_minute <= self.start_minute:
            raise HoursEndBeforeStart

    @classmethod
    def between(cls, start: str, end: str, *, field: str | None = None) -> Self:
        """Open hours from `HH:MM` to `HH:MM`. Raises InvalidInput naming `field`."""
        start_minute, end_minute = _minute_of(start, field), _minute_of(end, field)
        if end_minute <= start_minute:
            raise HoursEndBeforeStart(field=field)
        return cls(start_minute, end_minute)

    @property
    def start(self) -> str:
        return _clock(self.start_minute)

    @property
    def end(self) -> str:
        return _clock(self.end_minute)

    @property
    def opens_after_midnight(self) -> timedelta:
        """When the opening begins; a minute past midnight counts as midnight."""
        return timedelta(minutes=0 if self.start_minute == 1 else self.start_minute)

    @property
    def closes_after_midnight(self) -> timedelta:
        """When the opening ends; 23:59 counts as 24:00, as many forms cannot say the latter."""
        return timedelta(minutes=MINUTES_PER_DAY if self.end_minute == MINUTES_PER_DAY - 1 else self.end_minute)


def check_hours_of_a_day(hours: Iterable[OpenHours], *, field: str) -> None:
    """Raises OverlappingHours naming `field`; hours that touch do not overlap."""
    ordered = sorted(hours)
    for earlier, later in pairwise(ordered):
        if later.start_minute < earlier.end_minute:
            raise OverlappingHours(field=field)


def _minute_of(clock: str, field: str | None) -> int:
    match = _CLOCK.fullmatch(clock)
    minute = int(match[1]) * 60 + int(match[2]) if match else MINUTES_PER_DAY + 1
    if minute > MINUTES_PER_DAY:
        raise NotAClockTime(field=field)
    return minute


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
