"""Sums of money and of business, straight from SQL."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, func, select

from application.ports.revenue_queries import Revenue, RevenueQueries, UserCounts
from domain.bookings.booking_life import BookingStatus
from domain.caregivers.caregiver_profile import CaregiverStatus
from domain.payments.ledger import LedgerAccount
from domain.shared.money import Money
from domain.shared.period import Period
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.bookings.booking_tables import bookings
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import hour_of
from infrastructure.persistence.payments.ledger_tables import ledger_transactions
from infrastructure.persistence.payments.sql_ledger_queries import IS_SALE, JOINED, SOLD, gained
from infrastructure.persistence.pets.pet_tables import pets


class SqlRevenueQueries(RevenueQueries):
    """Money from the ledger, everything else from the bookings themselves."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revenue(self, period: Period) -> Revenue:
        t = ledger_transactions.c
        statement = (
            select(SOLD.label("gmv"), (-gained(LedgerAccount.COMMISSION)).label("commission"))
            .select_from(JOINED)
            .where(IS_SALE, t.at >= period.start, t.at < period.end)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).one()
        return Revenue(gmv=Money(int(row.gmv)), commission=Money(int(row.commission)))

    async def bookings_by_status(self, period: Period) -> Mapping[BookingStatus, int]:
        counted = select(bookings.c.status, func.count()).where(_requested_in(period)).group_by(bookings.c.status)
        async with self._database.read() as connection:
            return {BookingStatus(status): count for status, count in await connection.execute(counted)}

    async def bookings_by_hour(self, period: Period) -> Mapping[datetime, int]:
        async with self._database.read() as connection:
            hour = hour_of(connection, bookings.c.requested_at).label("hour")
            counted = select(hour, func.count()).where(_requested_in(period)).group_by(hour)
            rows = (await connection.execute(counted)).all()
        return {datetime.strptime(text, "%Y-%m-%d %H").replace(tzinfo=UTC): count for text, count in rows}

    async def users(self, period: Period) -> UserCounts:
        joined = and_(accounts.c.created_at >= period.start, accounts.c.created_at < period.end)
        approved = caregivers.c.status == CaregiverStatus.APPROVED.value
        wanted = {
            "total": select(func.count()).select_from(accounts),
            "owners": select(func.count(pets.c.owner_id.distinct())).where(pets.c.deleted_at.is_(None)),
            "caregivers": select(func.count()).select_from(caregivers),
            "approved_caregivers": select(func.count()).select_from(caregivers).where(approved),
            "admins": select(func.count()).select_from(accounts).where(accounts.c.is_admin),
            "registered": select(func.count()).select_from(accounts).where(joined),
        }
        one_row = select(*(count.scalar_subquery().label(name) for name, count in wanted.items()))
        async with self._database.read() as connection:
            row = (await connection.execute(one_row)).one()
        return UserCounts(**row._mapping)


def _requested_in(period: Period) -> Any:
    return and_(bookings.c.requested_at >= period.start, bookings.c.requested_at < period.end)
