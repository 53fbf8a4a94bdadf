"""Calendars of caregivers: their open hours, and what takes them up."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.bookings.free_periods import CaregiverCalendar, Occupancy
from domain.caregivers.caregiver_profile import CaregiverStatus
from domain.caregivers.services import Service
from domain.shared.period import Period
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.bookings.booking_tables import occupancies
from infrastructure.persistence.caregivers.availability_rows import load_availabilities
from infrastructure.persistence.caregivers.caregiver_tables import caregivers, offers
from infrastructure.persistence.many_ids import statement_of_ids

_BOOKABLE = caregivers.c.can_receive_transfers & accounts.c.email_verified_at.is_not(None)
_VISIBLE = statement_of_ids(
    lambda is_among: (
        select(caregivers.c.id, caregivers.c.max_animals_at_once, _BOOKABLE.label("bookable"))
        .join(accounts, accounts.c.id == caregivers.c.account_id)
        .where(
            is_among(caregivers.c.id),
            caregivers.c.status == CaregiverStatus.APPROVED.value,
            accounts.c.suspended_at.is_(None),
        )
    )
)
_OFFERED = statement_of_ids(
    lambda is_among: select(offers.c.caregiver_id, offers.c.service).where(is_among(offers.c.caregiver_id))
)
_TAKEN = statement_of_ids(
    lambda is_among: select(occupancies).where(
        is_among(occupancies.c.caregiver_id),
        occupancies.c.end_at > bindparam("starts"),
        occupancies.c.start_at < bindparam("ends"),
    )
)


async def load_calendars(
    connection: AsyncConnection, ids: Sequence[UUID], within: Period
) -> dict[UUID, CaregiverCalendar]:
    """As they are in a period; of those caregivers that are visible. A few queries whatever their number."""
    if not ids:
        return {}
    shown = (await connection.execute(_VISIBLE.on(connection), {"ids": list(ids)})).all()
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
    for row in (await connection.execute(_OFFERED.on(connection), {"ids": ids})).all() if ids else ():
        services[row.caregiver_id].add(Service(row.service))
    return services


async def _taken(connection: AsyncConnection, ids: Sequence[UUID], within: Period) -> dict[UUID, list[Occupancy]]:
    taken: dict[UUID, list[Occupancy]] = defaultdict(list)
    during = {"ids": ids, "starts": within.start, "ends": within.end}
    for row in await connection.execute(_TAKEN.on(connection), during):
        taken[row.caregiver_id].append(Occupancy(Period(row.start_at, row.end_at), row.animals))
    return taken
