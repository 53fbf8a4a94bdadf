"""Calendars of caregivers: their open hours, and what takes them up."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.bookings.free_periods import CaregiverCalendar, Occupancy
from domain.caregivers.caregiver_profile import CaregiverStatus
from domain.caregivers.services import Service
from domain.shared.period import Period
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.bookings.booking_tables import occupancies
from infrastructure.persistence.caregivers.availability_rows import load_availabilities
from infrastructure.persistence.caregivers.caregiver_tables import caregivers, offers


async def load_calendars(
    connection: AsyncConnection, ids: Sequence[UUID], within: Period
) -> dict[UUID, CaregiverCalendar]:
    """As they are in a period; of those caregivers that are visible. A few queries whatever their number."""
    if not ids:
        return {}
    bookable = caregivers.c.can_receive_transfers & accounts.c.email_verified_at.is_not(None)
    visible = (
        select(caregivers.c.id, caregivers.c.max_animals_at_once, bookable.label("bookable"))
        .join(accounts, accounts.c.id == caregivers.c.account_id)
        .where(
            caregivers.c.id.in_(ids),
            caregivers.c.status == CaregiverStatus.APPROVED.value,
            accounts.c.suspended_at.is_(None),
        )
    )
    shown = (await connection.execute(visible)).all()
    availabilities = await load_availabilities(connection, [row.id for row in shown])
    services = await _services(connection, [row.id for row in shown if row.bookable])
    taken = await _taken(connection, [row.id for row in shown], within)
    return {
        row.id: CaregiverCalendar(
            availability=availabilities[row.id],
            services=frozenset(services[row.id]),
            max_animals=row.max_animals_at_once,
            taken=taken[row.id],
        )
        for row in shown
        if row.id in availabilities
    }


async def _services(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, set[Service]]:
    services: dict[UUID, set[Service]] = defaultdict(set)
    offered = select(offers.c.caregiver_id, offers.c.service).where(offers.c.caregiver_id.in_(ids))
    for row in (await connection.execute(offered)).all() if ids else ():
        services[row.caregiver_id].add(Service(row.service))
    return services


async def _taken(connection: AsyncConnection, ids: Sequence[UUID], within: Period) -> dict[UUID, list[Occupancy]]:
    o = occupancies.c
    overlapping = (o.caregiver_id.in_(ids), o.end_at > within.start, o.start_at < within.end)
    taken: dict[UUID, list[Occupancy]] = defaultdict(list)
    for row in (await connection.execute(select(occupancies).where(*overlapping))).all():
        taken[row.caregiver_id].append(Occupancy(Period(row.start_at, row.end_at), row.animals))
    return taken
