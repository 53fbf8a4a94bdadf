"""Who might be free, as conditions that the database can check by its indexes.

They leave out nobody who is free; whom they keep is looked at by the rules themselves. So they may be simple: only the
two ends of the period are looked at, not on the days on which clocks change, and whoever has an exception is kept.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select, true

from application.ports.caregiver_queries import FreeThen
from domain.availability.open_hours import MINUTES_PER_DAY
from domain.caregivers.services import PricedUnit, Service
from domain.shared.period import TIME_ZONES
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.caregivers.caregiver_tables import caregivers, dated_hours, weekly_hours
from infrastructure.persistence.tables import AnySelect

_c = caregivers.c


def perhaps_free(free: FreeThen, service: Service | None) -> list[ColumnElement[bool]]:
    """Conditions on `caregivers` joined with `accounts`."""
    by_night = service is None or service.unit is PricedUnit.NIGHT
    notice_hours = (free.period.start - free.now) // timedelta(hours=1)
    return [
        _c.can_receive_transfers,
        accounts.c.email_verified_at.is_not(None),
        _c.max_animals_at_once >= free.pets,
        _c.minimum_notice_hours <= notice_hours,
        or_(
            *(
                and_(_c.time_zone.in_(zones), *_then(free, zones[0], by_night=by_night))
                for zones in _zones_of_one_time(free)
            )
        ),
    ]


def _zones_of_one_time(free: FreeThen) -> list[list[str]]:
    """Zones whose clocks show the same: mostly all of them, and then the database has half the work."""
    zones: dict[tuple[datetime, ...], list[str]] = {}
    for zone in TIME_ZONES:
        walls = tuple(at.replace(tzinfo=None) for at in (free.period.local_start(zone), free.period.local_end(zone)))
        zones.setdefault(walls, []).append(zone)
    return list(zones.values())


def _then(free: FreeThen, time_zone: str, *, by_night: bool) -> list[ColumnElement[bool]]:
    start, end = free.period.local_start(time_zone), free.period.local_end(time_zone)
    return [
        or_(_c.vacation_until.is_(None), _c.vacation_until < start.date()),
        or_(
            _c.availability_set.is_(False),
            and_(_open_at(start), _open_at(end), *_open_over_night(start, end, by_night)),
        ),
    ]


def _open_over_night(start: datetime, end: datetime, by_night: bool) -> list[ColumnElement[bool]]:
    """What is not priced by the night lies inside one opening: it lasts until midnight on the first day and begins at
    midnight on the last. Hardly anybody is open then, and everybody else need not be looked at."""
    last = (end - timedelta(microseconds=1)).date()
    if by_night or last == start.date():
        return []
    if any(_clocks_change_on(day, start) for day in (start.date(), last)):
        return []
    return [_hours_on(start.date(), MINUTES_PER_DAY), _hours_on(last, 0)]


def _open_at(instant: datetime) -> ColumnElement[bool]:
    """Whether an opening may touch this local time."""
    day, minute = instant.date(), instant.hour * 60 + instant.minute
    if _clocks_change_on(day, instant):
        return true()
    here = _hours_on(day, minute)
    # Hours of the day before may end at this very midnight.
    return here if minute else or_(here, _hours_on(day - timedelta(days=1), MINUTES_PER_DAY))


def _hours_on(day: date, minute: int) -> ColumnElement[bool]:
    """A minute after midnight counts as midnight, and one before it, too."""
    weekly, dated = weekly_hours.c, dated_hours.c
    usual = select(weekly.weekday).where(
        weekly.caregiver_id == _c.id,
        weekly.weekday == day.weekday(),
        weekly.start_minute <= max(minute, 1),
        weekly.end_minute >= min(minute, MINUTES_PER_DAY - 1),
    )
    return or_(_is_there(usual), _is_there(select(dated.position).where(dated.caregiver_id == _c.id, dated.day == day)))


def _is_there(rows: AnySelect) -> ColumnElement[bool]:
    """As EXISTS, for which PostgreSQL would read the whole table into a hash first, however few are looked at."""
    return rows.limit(1).scalar_subquery().is_not(None)


def _clocks_change_on(day: date, instant: datetime) -> bool:
    begins = datetime.combine(day, time(), tzinfo=ZoneInfo(str(instant.tzinfo)))
    ends = datetime.combine(day + timedelta(days=1), time(), tzinfo=begins.tzinfo)
    return begins.utcoffset() != ends.utcoffset()
