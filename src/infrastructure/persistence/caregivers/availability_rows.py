"""Availability to rows and back."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update

from domain.availability.availability import Availability
from domain.availability.open_hours import OpenHours
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.shared.actor import CaregiverId
from infrastructure.persistence.caregivers.caregiver_tables import caregivers, dated_hours, weekly_hours
from infrastructure.persistence.transaction import Transaction

_c = caregivers.c
RULES = (_c.time_zone, _c.minimum_notice_hours, _c.vacation_until, _c.availability_set)
"""The columns of a caregiver that `availability_from` needs."""
_RULES = select(*RULES).where(_c.id == bindparam("caregiver_id"))
_WEEKLY, _DATED = (
    select(table).where(table.c.caregiver_id == bindparam("caregiver_id")).order_by(order)
    for table, order in ((weekly_hours, weekly_hours.c.start_minute), (dated_hours, dated_hours.c.position))
)


async def load_availability(
    transaction: Transaction, caregiver_id: CaregiverId, *, rules: Row[Any] | None
) -> Availability:
    """What the caregiver set, or what holds for one who has set nothing. `rules`: his row, if it was read before."""
    asked = {"caregiver_id": caregiver_id}
    if rules is None:
        rules = await transaction.first(_RULES, asked)
    if rules is None:
        raise CaregiverNotFound
    if not rules.availability_set:
        return availability_from(rules, weekly=(), dated=())
    return availability_from(
        rules, weekly=await transaction.all(_WEEKLY, asked), dated=await transaction.all(_DATED, asked)
    )


def availability_from(rules: Row[Any], *, weekly: Sequence[Row[Any]], dated: Sequence[Row[Any]]) -> Availability:
    """`rules` has the columns RULES; the others have their minutes and their weekday or day, in order."""
    if not rules.availability_set:
        return Availability.always_open(rules.time_zone)
    of_weekday: dict[int, tuple[OpenHours, ...]] = {}
    for row in weekly:
        hours = OpenHours(row.start_minute, row.end_minute)
        of_weekday[row.weekday] = (*of_weekday.get(row.weekday, ()), hours)
    of_date: dict[date, tuple[OpenHours, ...]] = {}
    for row in dated:
        openings = () if row.start_minute is None else (OpenHours(row.start_minute, row.end_minute),)
        of_date[row.day] = of_date.get(row.day, ()) + openings
    return Availability(
        time_zone=rules.time_zone,
        weekly=of_weekday,
        exceptions=of_date,
        minimum_notice_hours=rules.minimum_notice_hours,
        vacation_until=rules.vacation_until,
    )


async def store_availability(transaction: Transaction, caregiver_id: CaregiverId, availability: Availability) -> None:
    """Replaces what was set before; a profile being saved at the same time is told so by its version."""
    changed = await transaction.execute(
        update(caregivers)
        .where(caregivers.c.id == caregiver_id)
        .values(
            time_zone=availability.time_zone,
            minimum_notice_hours=availability.minimum_notice_hours,
            vacation_until=availability.vacation_until,
            availability_set=True,
            version=caregivers.c.version + 1,
        )
    )
    if changed.rowcount != 1:
        raise CaregiverNotFound
    for table in (weekly_hours, dated_hours):
        await transaction.execute(delete(table).where(table.c.caregiver_id == caregiver_id))
    weekly = [
        {"caregiver_id": caregiver_id, "weekday": weekday, **_minutes(hours)}
        for weekday, openings in availability.weekly.items()
        for hours in openings
    ]
    dated = [
        {"caregiver_id": caregiver_id, "day": day, "position": position, **_minutes(hours)}
        for day, openings in availability.exceptions.items()
        for position, hours in enumerate(openings or (None,))
    ]
    for table, rows in ((weekly_hours, weekly), (dated_hours, dated)):
        if rows:
            await transaction.execute(table.insert(), rows)


def _minutes(hours: OpenHours | None) -> dict[str, Any]:
    return {
        "start_minute": None if hours is None else hours.start_minute,
        "end_minute": None if hours is None else hours.end_minute,
    }
