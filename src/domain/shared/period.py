"""A half-open span of time between two instants."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.shared.errors import InvalidInput

BRUSSELS = "Europe/Brussels"
AMSTERDAM = "Europe/Amsterdam"
TIME_ZONES = (BRUSSELS, AMSTERDAM)
EARLIEST_YEAR, LATEST_YEAR = 2000, 2200


class EndBeforeStart(InvalidInput):
    title = "The end must be after the start"


class InstantNotUsable(InvalidInput):
    title = "An instant needs a time zone offset and a year of our time"


def checked_instant(instant: datetime, *, field: str) -> datetime:
    """The instant in UTC. Raises InstantNotUsable (`field`) without an offset or outside the years 2000 to 2200."""
    if instant.tzinfo is None or not EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
        raise InstantNotUsable(field=field)
    return instant.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end) in UTC. Raises EndBeforeStart (field `endAt`) when end ≤ start, and InstantNotUsable."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", checked_instant(self.start, field="startAt"))
        object.__setattr__(self, "end", checked_instant(self.end, field="endAt"))
        if self.end <= self.start:
            raise EndBeforeStart(field="endAt")

    @property
    def duration(self) -> timedelta:
        return self.end - self.start

    def overlaps(self, other: "Period") -> bool:
        return self.start < other.end and other.start < self.end

    def local_start(self, time_zone: str) -> datetime:
        return self.start.astimezone(ZoneInfo(time_zone))

    def local_end(self, time_zone: str) -> datetime:
        return self.end.astimezone(ZoneInfo(time_zone))

    def midnights(self, time_zone: str) -> int:
        """How many local midnights lie between start and end: the number of nights."""
        return (self.local_end(time_zone).date() - self.local_start(time_zone).date()).days

    def local_dates(self, time_zone: str) -> list[date]:
        """Every local date from the one of the start to the one of the end, both included."""
        first = self.local_start(time_zone).date()
        return [first + timedelta(days=day) for day in range(self.midnights(time_zone) + 1)]
