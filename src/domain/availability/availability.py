"""When a caregiver takes bookings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
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
        openings = self.openings(first_day, period.local_end(self.time_zone).date())
        inside = any(opening.start <= period.start and period.end <= opening.end for opening in openings)
        return None if inside else OutsideOpenHours()

    def earliest_start(self, now: datetime) -> datetime:
        """Minimum notice and vacation allow nothing that begins before."""
        earliest = now + timedelta(hours=self.minimum_notice_hours)
        if self.vacation_until is None:
            return earliest
        return max(earliest, self.midnight(self.vacation_until + timedelta(days=1)))

    def midnight(self, day: date) -> datetime:
        """When a local date begins, in UTC."""
        return _midnight(day, self.time_zone)

    def openings(self, first: date, last: date) -> list[Period]:
        """When he is open on the local dates from `first` to `last`: spans that neither overlap nor touch, earliest
        first. Where clocks go forward the missing hour is no gap; the hour that comes twice is open twice."""
        openings: list[Period] = []
        for day in (first + timedelta(days=at) for at in range((last - first).days + 1)):
            hours = self.hours_on(day)
            for opening in self._instants(day, hours) if hours else ():
                if openings and openings[-1].end == opening.start:
                    opening = Period(openings.pop().start, opening.end)
                openings.append(opening)
        return openings

    def _instants(self, day: date, hours: tuple[OpenHours, ...]) -> list[Period]:
        """A day's hours as they pass: wall-clock time means something else on either side of a change of the clocks."""
        spans: list[Period] = []
        for begin, end, wall_midnight in _stretches(day, self.time_zone):
            for span in hours:
                opens = max(begin, wall_midnight + span.opens_after_midnight)
                closes = min(end, wall_midnight + span.closes_after_midnight)
                if opens < closes:
                    spans.append(Period(opens, closes))
        return spans

    def _refusal_of_stay(self, period: Period) -> CaregiverNotAvailable | None:
        days = period.local_dates(self.time_zone)
        for day in days[1:-1]:
            if not self.hours_on(day):
                return ClosedDuringStay(f"The caregiver is closed on {day.isoformat()}.")
        for instant in (period.start, period.end):
            wall = instant.astimezone(ZoneInfo(self.time_zone))
            # The day before may close at this very midnight.
            openings = self.openings(wall.date() - timedelta(days=1), wall.date())
            if not any(opening.start <= instant <= opening.end for opening in openings):
                return OutsideOpenHours(f"The caregiver is not open at {wall:%H:%M} on {wall.date().isoformat()}.")
        return None


# The same few days are asked of every caregiver.
@lru_cache(maxsize=2048)
def _midnight(day: date, time_zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


@lru_cache(maxsize=2048)
def _stretches(day: date, time_zone: str) -> list[tuple[datetime, datetime, datetime]]:
    """The parts of a local day in which clocks do not change: begin, end, and the midnight of its clock."""
    zone = ZoneInfo(time_zone)
    begins, ends = _midnight(day, time_zone), _midnight(day + timedelta(days=1), time_zone)
    wall = datetime.combine(day, time(), tzinfo=UTC)
    return [
        (begin, end, wall - (begin.astimezone(zone).utcoffset() or timedelta()))
        for begin, end in pairwise((begins, *_clock_changes(begins, ends, zone), ends))
    ]


def _clock_changes(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """The full hours (UTC) strictly between two of them at which the zone's offset changes."""
    if start.astimezone(zone).utcoffset() == end.astimezone(zone).utcoffset():
        return []
    hours = [start + timedelta(hours=at) for at in range(1, (end - start) // timedelta(hours=1))]
    offsets = [hour.astimezone(zone).utcoffset() for hour in (start, *hours)]
    return [hour for hour, (before, after) in zip(hours, pairwise(offsets), strict=True) if before != after]
