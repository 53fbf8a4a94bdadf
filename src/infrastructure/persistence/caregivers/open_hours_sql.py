"""Who might be free, as conditions that the database can check by its indexes.

They leave out nobody who is free; whom they keep is looked at by the rules themselves. So they may be simple: only the
two ends of the period are looked at, not on the days on which clocks change, and whoever has an exception is kept.

The conditions are made of a shape, and everything else is a parameter: a statement is made once for all periods of one
shape.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, Integer, and_, bindparam, literal_column, or_, select

from application.ports.caregiver_queries import FreeThen
from domain.availability.open_hours import MINUTES_PER_DAY
from domain.caregivers.services import PricedUnit, Service
from domain.shared.period import TIME_ZONES
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.caregivers.caregiver_tables import caregivers, dated_hours, weekly_hours
from infrastructure.persistence.tables import AnySelect

_c = caregivers.c


@dataclass(frozen=True, slots=True)
class ShapeOfTime:
    """Zones whose clocks show the same, and of which spots something is asked: local minutes of local days."""

    zones: tuple[str, ...]
    at_start: tuple[str, ...]
    at_end: tuple[str, ...]
    over_night: tuple[str, ...]


ShapeOfFree = tuple[ShapeOfTime, ...]


def shape_of_free(free: FreeThen, service: Service | None) -> tuple[ShapeOfFree, dict[str, Any]]:
    """With the values of its parameters."""
    by_night = service is None or service.unit is PricedUnit.NIGHT
    shapes: list[ShapeOfTime] = []
    values: dict[str, Any] = {
        "free_pets": free.pets,
        "notice_hours": (free.period.start - free.now) // timedelta(hours=1),
    }
    for number, zones in enumerate(_zones_of_one_time(free)):
        spots = _Spots(f"free{number}", values)
        start, end = free.period.local_start(zones[0]), free.period.local_end(zones[0])
        values[f"free{number}_first_day"] = start.date()
        over_night = spots.over_night(start, end, by_night)
        shapes.append(ShapeOfTime(zones, spots.around(start, "start"), spots.around(end, "end"), over_night))
    return tuple(shapes), values


def perhaps_free(shape: ShapeOfFree) -> list[ColumnElement[bool]]:
    """Conditions on `caregivers` joined with `accounts`."""
    return [
        _c.can_receive_transfers,
        accounts.c.email_verified_at.is_not(None),
        _c.max_animals_at_once >= bindparam("free_pets", type_=Integer),
        _c.minimum_notice_hours <= bindparam("notice_hours", type_=Integer),
        or_(*(_then(f"free{number}", time_) for number, time_ in enumerate(shape))),
    ]


def _zones_of_one_time(free: FreeThen) -> list[tuple[str, ...]]:
    """Mostly all of them, and then the database has half the work."""
    zones: dict[tuple[datetime, ...], tuple[str, ...]] = {}
    for zone in TIME_ZONES:
        walls = tuple(at.replace(tzinfo=None) for at in (free.period.local_start(zone), free.period.local_end(zone)))
        zones[walls] = (*zones.get(walls, ()), zone)
    return list(zones.values())


@dataclass(frozen=True, slots=True)
class _Spots:
    """Names spots, and notes their values under the names of their parameters."""

    prefix: str
    values: dict[str, Any]

    def around(self, instant: datetime, end: str) -> tuple[str, ...]:
        """Where an opening may touch this local time; nowhere in particular on the days on which clocks change."""
        day, minute = instant.date(), instant.hour * 60 + instant.minute
        if _clocks_change_on(day, instant):
            return ()
        here = self._spot(f"{end}", day, minute)
        # Hours of the day before may end at this very midnight.
        return (here,) if minute else (here, self._spot(f"eve_of_{end}", day - timedelta(days=1), MINUTES_PER_DAY))

    def over_night(self, start: datetime, end: datetime, by_night: bool) -> tuple[str, ...]:
        """What is not priced by the night lies inside one opening: it lasts until midnight on the first day and begins
        at midnight on the last. Hardly anybody is open then, and everybody else need not be looked at."""
        last = (end - timedelta(microseconds=1)).date()
        if by_night or last == start.date():
            return ()
        if any(_clocks_change_on(day, start) for day in (start.date(), last)):
            return ()
        return self._spot("last_midnight", start.date(), MINUTES_PER_DAY), self._spot("midnight", last, 0)

    def _spot(self, name: str, day: date, minute: int) -> str:
        """A minute after midnight counts as midnight, and one before it, too."""
        spot = f"{self.prefix}_{name}"
        self.values[f"{spot}_day"] = day
        self.values[f"{spot}_weekday"] = day.weekday()
        self.values[f"{spot}_begun"] = max(minute, 1)
        self.values[f"{spot}_not_over"] = min(minute, MINUTES_PER_DAY - 1)
        return spot


def _then(prefix: str, time_: ShapeOfTime) -> ColumnElement[bool]:
    first_day = bindparam(f"{prefix}_first_day", type_=Date)
    hours = [or_(*map(_hours_on, spots)) for spots in (time_.at_start, time_.at_end) if spots]
    hours += map(_hours_on, time_.over_night)
    return and_(
        or_(*(_c.time_zone == literal_column(f"'{zone}'") for zone in time_.zones)),
        or_(_c.vacation_until.is_(None), _c.vacation_until < first_day),
        *([or_(_c.availability_set.is_(False), and_(*hours))] if hours else []),
    )


def _hours_on(spot: str) -> ColumnElement[bool]:
    weekly, dated = weekly_hours.c, dated_hours.c
    usual = select(weekly.weekday).where(
        weekly.caregiver_id == _c.id,
        weekly.weekday == bindparam(f"{spot}_weekday", type_=Integer),
        weekly.start_minute <= bindparam(f"{spot}_begun", type_=Integer),
        weekly.end_minute >= bindparam(f"{spot}_not_over", type_=Integer),
    )
    that_day = dated.day == bindparam(f"{spot}_day", type_=Date)
    return or_(_is_there(usual), _is_there(select(dated.position).where(dated.caregiver_id == _c.id, that_day)))


def _is_there(rows: AnySelect) -> ColumnElement[bool]:
    """As EXISTS, for which PostgreSQL would read the whole table into a hash first, however few are looked at."""
    return rows.limit(1).scalar_subquery().is_not(None)


def _clocks_change_on(day: date, instant: datetime) -> bool:
    begins = datetime.combine(day, time(), tzinfo=ZoneInfo(str(instant.tzinfo)))
    ends = datetime.combine(day + timedelta(days=1), time(), tzinfo=begins.tzinfo)
    return begins.utcoffset() != ends.utcoffset()
