"""When a booking of each state was requested and takes place, and how it got there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from domain.bookings.booking_life import BookingStatus
from domain.caregivers.services import PricedUnit, Service
from domain.shared.period import Period
from infrastructure.demo.demo_stories import (
    AcceptedStory,
    CancelledStory,
    CompletedStory,
    DeclinedStory,
    DisputedStory,
    ExpiredStory,
    InProgressStory,
    PaidStory,
    Story,
)

_LATE_EVERY = 5  # of the accepted ones, those that cannot be paid yet
_LATE_HOURS = (95 * 24, 150 * 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`starts_in` and `asked_before` are ranges of hours: from now to the start (negative: it was in the past), and
    from the request to now, or to the start when that is earlier."""

    status: BookingStatus
    story: Callable[..., Story]
    starts_in: tuple[int, int]
    asked_before: tuple[int, int]
    stays_only: bool = False
    with_instant_book: bool = True

    def times(
        self, random: Random, at: int, service: Service, *, now: datetime, time_zone: str
    ) -> tuple[datetime, Period]:
        """The instant of the request, and the period asked for, on a quarter of an hour of local time."""
        late = self.status is BookingStatus.ACCEPTED and at % _LATE_EVERY == _LATE_EVERY - 1
        hours = random.randint(*(_LATE_HOURS if late else self.starts_in))
        day = (now + timedelta(hours=hours)).astimezone(ZoneInfo(time_zone))
        wall = day.replace(minute=random.choice((0, 15, 30, 45)), second=0, microsecond=0, fold=0)
        start = _existing(wall)
        asked = timedelta(minutes=random.randint(self.asked_before[0] * 60, self.asked_before[1] * 60))
        return min(start, now) - asked, Period(start, start + self._length(random, service))

    def _length(self, random: Random, service: Service) -> timedelta:
        match service.unit:
            case PricedUnit.HOUR:
                return timedelta(minutes=random.choice((30, 60, 60, 90, 120)))
            case PricedUnit.NIGHT:
                return timedelta(days=random.randint(3, 6) if self.stays_only else random.randint(1, 7))
            case PricedUnit.VISIT | PricedUnit.TRIP:
                return timedelta(minutes=random.choice((30, 45, 60)))


def _existing(wall: datetime) -> datetime:
    """The instant of a wall-clock time; one that the clocks jump over comes out as the hour after."""
    return datetime.fromtimestamp(wall.timestamp(), tz=wall.tzinfo)


_WEEKS = 7 * 24
STAGES = {
    stage.status: stage
    for stage in (
        Stage(
            status=BookingStatus.PENDING,
            story=Story,
            starts_in=(30, 6 * _WEEKS),
            asked_before=(1, 18),
            with_instant_book=False,
        ),
        Stage(
            status=BookingStatus.ACCEPTED,
            story=AcceptedStory,
            starts_in=(30, 7 * _WEEKS),
            asked_before=(2, 14),
        ),
        Stage(
            status=BookingStatus.PAID,
            story=PaidStory,
            starts_in=(24, 5 * _WEEKS),
            asked_before=(48, 240),
        ),
        Stage(
            status=BookingStatus.IN_PROGRESS,
            story=InProgressStory,
            starts_in=(-48, -4),
            asked_before=(60, 240),
            stays_only=True,
        ),
        Stage(
            status=BookingStatus.COMPLETED,
            story=CompletedStory,
            starts_in=(-12 * _WEEKS, -9 * 24),
            asked_before=(60, 300),
        ),
        Stage(
            status=BookingStatus.DISPUTED,
            story=DisputedStory,
            starts_in=(-4 * _WEEKS, -12 * 24),
            asked_before=(60, 300),
        ),
        Stage(
            status=BookingStatus.DECLINED,
            story=DeclinedStory,
            starts_in=(-3 * _WEEKS, 3 * _WEEKS),
            asked_before=(30, 300),
            with_instant_book=False,
        ),
        Stage(
            status=BookingStatus.EXPIRED,
            story=ExpiredStory,
            starts_in=(-3 * _WEEKS, 3 * _WEEKS),
            asked_before=(72, 300),
            with_instant_book=False,
        ),
        Stage(
            status=BookingStatus.CANCELLED,
            story=CancelledStory,
            starts_in=(-3 * _WEEKS, 3 * _WEEKS),
            asked_before=(60, 300),
            with_instant_book=False,
        ),
    )
}
