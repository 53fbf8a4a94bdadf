"""When a caregiver takes bookings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from domain.availability.open_hours import MINUTES_PER_DAY, OpenHours, check_hours_of_a_day
from domain.caregivers.services import PricedUnit, Service
from domain.shared.errors import Conflict, InvalidInput
from domain.shared.period import TIME_ZONES, Period

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAX_NOTICE_HOURS = 365 * 24

_NONE: tuple[OpenHours, ...] = ()


class CaregiverNotAvailable(Conflict):
    """The caregiver does not work then; the subclass says why."""

    title = "The caregiver is not available then"


class OutsideOpenHours(CaregiverNotAvailable):
    title = "The period lies outside the caregiver's open hours"


class ClosedDuringStay(CaregiverNotAvailable):
    title = "The caregiver is closed on a day of the stay"


class NoticeTooShort(CaregiverNotAvailable):
    title = "The caregiver needs more notice"


class OnVacation(CaregiverNotAvailable):
    title = "The caregiver is on vacation"


class UnknownTimeZone(InvalidInput):
    title = "The time zone must be Europe/Brussels or Europe/Amsterdam"


class UnknownWeekday(InvalidInput):
    title = "A weekday is a number from 0 (Monday) to 6"


class NoticeOutOfRange(InvalidInput):
    title = "The minimum notice must be between 0 hours and a year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Open hours in local wall-clock time of `time_zone`, by weekday (0 = Monday); `exceptions` win on their date.

    An exception without hours is a closed day; a weekday without hours is closed. `vacation_until` is the last day of
    a vacation that began already. Raises InvalidInput naming the field when the rules contradict themselves.
    """

    time_zone: str
    weekly: Mapping[int, tuple[OpenHours, ...]] = field(default_factory=dict[int, tuple[OpenHours, ...]])
    exceptions: Mapping[date, tuple[OpenHours, ...]] = field(default_factory=dict[date, tuple[OpenHours, ...]])
    minimum_notice_hours: int = 0
    vacation_until: date | None = None

    def __post_init__(self) -> None:
        if self.time_zone not in TIME_ZONES:
            raise UnknownTimeZone(field="timeZone")
        if not 0 <= self.minimum_notice_hours <= MAX_NOTICE_HOURS:
            raise NoticeOutOfRange(field="minimumNoticeHours")
        for weekday, hours in self.weekly.items():
            if not 0 <= weekday < len(WEEKDAYS):
                raise UnknownWeekday(field="weekly")
            check_hours_of_a_day(hours, field=f"weekly.{WEEKDAYS[weekday]}")
        for hours in self.exceptions.values():
            check_hours_of_a_day(hours, field="exceptions")

    @classmethod
    def always_open(cls, time_zone: str) -> Self:
        """What holds for a caregiver who has set nothing: every day from 00:00 to 24:00, without notice.

        Whoever never opens the calendar still gets requests, and answers each of them; closing is the deliberate act.
        """
        whole_day = (OpenHours(0, MINUTES_PER_DAY),)
        return cls(time_zone=time_zone, weekly=dict.fromkeys(range(len(WEEKDAYS)), whole_day))

    def hours_on(self, day: date) -> tuple[OpenHours, ...]:
        """The open hours of a local date, earliest first; empty when closed."""
        hours = self.exceptions[day] if day in self.exceptions else self.weekly.get(day.weekday(), _NONE)
        return tuple(sorted(hours))

    def refusal(self, period: Period, service: Service, now: datetime) -> CaregiverNotAvailable | None:
        """Why the caregiver cannot take the period, or None when he can. Other bookings are not looked at.

        Hours, visits and trips must lie inside one opening. A stay needs open hours only at its start and its end
        (the last minute counts as open), and no closed day in between.
        """
        first_day = period.local_start(self.time_zone).date()
        if self.vacation_until is not None and first_day <= self.vacation_until:
            return OnVacation(f"The caregiver is on vacation until {self.vacation_until.isoformat()}.")
        if period.start - now < timedelta(hours=self.minimum_notice_hours):
            return NoticeTooShort(f"The caregiver needs {self.minimum_notice_hours} hours of notice.")
        if service.unit is PricedUnit.NIGHT:
            return self._refusal_of_stay(period)
        openings = self._openings(period)
        pieces = _pieces_of_one_offset(period, ZoneInfo(self.time_zone))
        inside = all(any(start <= a and b <= end for start, end in openings) for a, b in pieces)
        return None if inside else OutsideOpenHours()

    def _refusal_of_stay(self, period: Period) -> CaregiverNotAvailable | None:
        for day in period.local_dates(self.time_zone)[1:-1]:
            if not self.hours_on(day):
                return ClosedDuringStay(f"The caregiver is closed on {day.isoformat()}.")
        openings = self._openings(period)
        for instant in (period.local_start(self.time_zone), period.local_end(self.time_zone)):
            wall = instant.replace(tzinfo=None)
            if not any(start <= wall <= end for start, end in openings):
                return OutsideOpenHours(f"The caregiver is not open at {wall:%H:%M} on {wall.date().isoformat()}.")
        return None

    def _openings(self, period: Period) -> list[tuple[datetime, datetime]]:
        """Openings around the period as spans of wall-clock time, joined where one ends as the next begins."""
        days = period.local_dates(self.time_zone)
        openings: list[tuple[datetime, datetime]] = []
        for day in (days[0] - timedelta(days=1), *days, days[-1] + timedelta(days=1)):
            midnight = datetime.combine(day, time())
            for hours in self.hours_on(day):
                start, end = midnight + hours.opens_after_midnight, midnight + hours.closes_after_midnight
                if openings and openings[-1][1] == start:
                    openings[-1] = (openings[-1][0], end)
                else:
                    openings.append((start, end))
        return openings


def _pieces_of_one_offset(period: Period, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The period in wall-clock time, cut where the clocks change, so that within a piece it runs evenly."""
    start = period.start
    for cut in (*_clock_changes(period, zone), period.end):
        offset = start.astimezone(zone).utcoffset() or timedelta()
        yield (start + offset).replace(tzinfo=None), (cut + offset).replace(tzinfo=None)
        start = cut


def _clock_changes(period: Period, zone: ZoneInfo) -> list[datetime]:
    """The full hours (UTC) strictly inside the period at which the zone's offset changes."""
    changes: list[datetime] = []
    hour = period.start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    before = period.start.astimezone(zone).utcoffset()
    while hour < period.end:
        after = hour.astimezone(zone).utcoffset()
        if after != before:
            changes.append(hour)
        before, hour = after, hour + timedelta(hours=1)
    return changes
