"""What the database knows of how the system is doing."""

from sqlalchemy import and_, func, select

from application.ports.clock import Clock
from application.ports.system_queries import SystemQueries
from infrastructure.persistence.bookings.booking_tables import occupancies
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from infrastructure.persistence.database import Database
from infrastructure.persistence.outbox import outbox_events
from infrastructure.persistence.payments.payout_tables import reconciliation_differences


class SqlSystemQueries(SystemQueries):
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def outbox_age_seconds(self) -> float:
        # Ids grow with time.
        waiting = select(outbox_events.c.occurred_at).where(outbox_events.c.routed_at.is_(None))
        async with self._database.read() as connection:
            oldest = (await connection.execute(waiting.order_by(outbox_events.c.id).limit(1))).scalar_one_or_none()
        return 0.0 if oldest is None else max(0.0, (self._clock.now() - oldest).total_seconds())

    async def over_capacity(self) -> int:
        one, other = occupancies.alias("one"), occupancies.alias("other")
        now = self._clock.now()
        # It follows from the rest, and spares reading all that was over before the first of those began.
        first = select(func.min(occupancies.c.start_at)).where(occupancies.c.end_at > now).scalar_subquery()
        together = and_(
            other.c.caregiver_id == one.c.caregiver_id,
            other.c.start_at <= one.c.start_at,
            other.c.end_at > one.c.start_at,
            other.c.end_at > first,
        )
        # Whoever lowered his maximum keeps what he had accepted before.
        taken = func.max(func.coalesce(other.c.capacity, caregivers.c.max_animals_at_once))
        crowded = (
            select(one.c.booking_id)
            .join(other, together)
            .join(caregivers, caregivers.c.id == one.c.caregiver_id)
            .where(one.c.end_at > now)
            .group_by(one.c.booking_id)
            .having(func.sum(other.c.animals) > taken)
        )
        async with self._database.read() as connection:
            return (await connection.execute(select(func.count()).select_from(crowded.subquery()))).scalar_one()

    async def reconciliation_differences(self) -> int:
        there = select(func.count()).where(reconciliation_differences.c.gone_at.is_(None))
        async with self._database.read() as connection:
            return (await connection.execute(there)).scalar_one()
