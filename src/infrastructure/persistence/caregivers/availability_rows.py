"""Availability to rows and back."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.availability.availability import Availability
from domain.availability.open_hours import OpenHours
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.shared.actor import CaregiverId
from infrastructure.persistence.caregivers.caregiver_tables import caregivers, dated_hours, weekly_hours
from infrastructure.persistence.many_ids import statement_of_ids
from infrastructure.persistence.transaction import Transaction

_c = caregivers.c
_RULES = statement_of_ids(
    lambda is_among: select(_c.id, _c.time_zone, _c.minimum_notice_hours, _c.vacation_until, _c.availability_set).where(
        is_among(_c.id)
    )
)
_WEEKLY = statement_of_ids(
    lambda is_among: (
        select(weekly_hours).where(is_among(weekly_hours.c.caregiver_id)).order_by(weekly_hours.c.start_minute)
    )
)
_DATED = statement_of_ids(
    lambda is_among: select(dated_hours).where(is_among(dated_hours.c.caregiver_id)).order_by(dated_hours.c.position)
)


async def load_availability(transaction: Transaction, caregiver_id: CaregiverId) -> Availability:
    """What the caregiver set, or what holds for one who has set nothing."""
    found = await load_availabilities(transaction.connection, [caregiver_id])
    if caregiver_id not in found:
        raise CaregiverNotFound
    return found[caregiver_id]


async def load_availabilities(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Availability]:
    """Of each of the caregivers that exist: three queries whatever their number."""
    profiles = (await connection.execute(_RULES.on(connection), {"ids": list(ids)})).all()
    weekly: dict[UUID, dict[int, tuple[OpenHours, ...]]] = defaultdict(dict)
    dated: dict[UUID, dict[date, tuple[OpenHours, ...]]] = defaultdict(dict)
    if ids_set := [row.id for row in profiles if row.availability_set]:
        for row in await connection.execute(_WEEKLY.on(connection), {"ids": ids_set}):
            of_weekday = weekly[row.caregiver_id]
            of_weekday[row.weekday] = (*of_weekday.get(row.weekday, ()), OpenHours(row.start_minute, row.end_minute))
        for row in await connection.execute(_DATED.on(connection), {"ids": ids_set}):
            hours = () if row.start_minute is None else (OpenHours(row.start_minute, row.end_minute),)
            of_date = dated[row.caregiver_id]
            of_date[row.day] = of_date.get(row.day, ()) + hours
    return {
        row.id: Availability(
            time_zone=row.time_zone,
            weekly=weekly[row.id],
            exceptions=dated[row.id],
            minimum_notice_hours=row.minimum_notice_hours,
            vacation_until=row.vacation_until,
        )
        if row.availability_set
        else Availability.always_open(row.time_zone)
        for row in profiles
    }


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
