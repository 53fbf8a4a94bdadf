"""Availability to rows and back."""

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import delete, select, update

from domain.availability.availability import Availability
from domain.availability.open_hours import OpenHours
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.shared.actor import CaregiverId
from infrastructure.persistence.caregivers.caregiver_tables import caregivers, dated_hours, weekly_hours
from infrastructure.persistence.transaction import Transaction


async def load_availability(transaction: Transaction, caregiver_id: CaregiverId) -> Availability:
    """What the caregiver set, or what holds for one who has set nothing."""
    profile = await transaction.first(
        select(
            caregivers.c.time_zone,
            caregivers.c.minimum_notice_hours,
            caregivers.c.vacation_until,
            caregivers.c.availability_set,
        ).where(caregivers.c.id == caregiver_id)
    )
    if profile is None:
        raise CaregiverNotFound
    if not profile.availability_set:
        return Availability.always_open(profile.time_zone)
    weekly = select(weekly_hours).where(weekly_hours.c.caregiver_id == caregiver_id)
    dated = select(dated_hours).where(dated_hours.c.caregiver_id == caregiver_id)
    by_weekday: dict[int, list[OpenHours]] = defaultdict(list)
    by_date: dict[date, list[OpenHours]] = defaultdict(list)
    for row in await transaction.all(weekly.order_by(weekly_hours.c.start_minute)):
        by_weekday[row.weekday].append(OpenHours(row.start_minute, row.end_minute))
    for row in await transaction.all(dated.order_by(dated_hours.c.position)):
        hours = by_date[row.day]
        if row.start_minute is not None:
            hours.append(OpenHours(row.start_minute, row.end_minute))
    return Availability(
        time_zone=profile.time_zone,
        weekly={weekday: tuple(hours) for weekday, hours in by_weekday.items()},
        exceptions={day: tuple(hours) for day, hours in by_date.items()},
        minimum_notice_hours=profile.minimum_notice_hours,
        vacation_until=profile.vacation_until,
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
