"""Sums of money and of business, straight from SQL."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, CompoundSelect, and_, case, cast, func, literal, select, union_all

from application.ports.revenue_queries import Revenue, RevenueQueries, UserCounts
from domain.bookings.booking_life import BookingStatus
from domain.caregivers.caregiver_profile import CaregiverStatus
from domain.payments.refund import RefundStatus
from domain.shared.money import Money
from domain.shared.period import Period
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.bookings.booking_tables import bookings
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from infrastructure.persistence.database import Database
from infrastructure.persistence.dialects import hour_of
from infrastructure.persistence.payments.payment_tables import payments, refunds
from infrastructure.persistence.pets.pet_tables import pets


class SqlRevenueQueries(RevenueQueries):
    """From captured payments and the refunds of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revenue(self, period: Period) -> Revenue:
        moved = _movements(period).subquery()
        rate = bookings.c.commission_basis_points
        of_bookings = (
            select(
                _whole(moved.c.cents).label("after"),
                _whole(case((moved.c.at < period.start, moved.c.cents), else_=0)).label("before"),
                rate.label("rate"),
            )
            .join(bookings, bookings.c.id == moved.c.booking_id)
            .group_by(moved.c.booking_id, rate)
            .having(func.max(moved.c.at) >= period.start)
            .subquery()
        )
        after, before = (_share(kept, of_bookings.c.rate) for kept in (of_bookings.c.after, of_bookings.c.before))
        gmv = func.coalesce(func.sum(of_bookings.c.after - of_bookings.c.before), 0)
        commission = func.coalesce(func.sum(after - before), 0)
        async with self._database.read() as connection:
            row = (await connection.execute(select(gmv, commission))).one()
        return Revenue(gmv=Money(int(row[0])), commission=Money(int(row[1])))

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


def _movements(period: Period) -> CompoundSelect[Any, Any, Any]:
    """Money that came and went until the period ends. What came for a booking that was no longer to be paid has no
    instant there; it went back at once, and so its first refund says when it came."""
    went_back_at = select(func.min(refunds.c.created_at)).where(refunds.c.payment_id == payments.c.id)
    arrived_at = func.coalesce(
        case((bookings.c.payment_id == payments.c.id, bookings.c.paid_at)),
        went_back_at.correlate(payments).scalar_subquery(),
        payments.c.created_at,
    ).label("at")
    came = (
        select(payments.c.booking_id, payments.c.captured_cents.label("cents"), arrived_at)
        .join(bookings, bookings.c.id == payments.c.booking_id)
        .where(payments.c.captured_cents > 0, arrived_at < literal(period.end, bookings.c.paid_at.type))
    )
    went = select(refunds.c.booking_id, -refunds.c.amount_cents, refunds.c.created_at).where(
        refunds.c.status != RefundStatus.FAILED.value, refunds.c.created_at < period.end
    )
    return union_all(came, went)


def _whole(cents: Any) -> Any:
    """A sum that divides as whole numbers do: PostgreSQL's is a decimal."""
    return cast(func.sum(cents), BigInteger)


def _share(kept: Any, basis_points: Any) -> Any:
    """Half up to the cent. What is kept is never negative."""
    return (kept * basis_points + 5_000) // 10_000


def _requested_in(period: Period) -> Any:
    return and_(bookings.c.requested_at >= period.start, bookings.c.requested_at < period.end)
