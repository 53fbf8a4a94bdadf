"""What caregivers earn, straight from the ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select

from application.ports.earnings_queries import EarningsMovement, EarningsQueries, OwnPayoutView, UnpaidShare
from application.ports.views import MoneyView, Page
from domain.bookings.booking_life import BookingStatus
from domain.caregivers.services import Service
from domain.payments.ledger import SALES, LedgerAccount, TransactionKind
from domain.payments.payout import PayoutStatus
from domain.shared.actor import CaregiverId
from domain.shared.money import Money
from domain.shared.period import Period
from infrastructure.persistence.bookings.booking_tables import bookings
from infrastructure.persistence.database import Database
from infrastructure.persistence.newest_first import newest_first
from infrastructure.persistence.payments.ledger_tables import ledger_transactions
from infrastructure.persistence.payments.payout_tables import payouts
from infrastructure.persistence.payments.sql_ledger_queries import JOINED, gained
from infrastructure.persistence.tables import AnySelect

_T = ledger_transactions.c
_EARNED = -gained(LedgerAccount.EARNINGS)
_PAID_KINDS = [TransactionKind.PAYOUT.value, TransactionKind.REVERSAL.value]


class SqlEarningsQueries(EarningsQueries):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def unpaid(self, caregiver_id: CaregiverId) -> Sequence[UnpaidShare]:
        shares = (
            select(_T.booking_id, _EARNED.label("cents"))
            .select_from(JOINED)
            .where(_T.caregiver_id == caregiver_id, _T.booking_id.is_not(None))
            .group_by(_T.booking_id)
            .having(_EARNED != 0)
            .subquery()
        )
        b = bookings.c
        statement = select(b.id, b.status, b.end_at, b.payout_due_at, b.payout_is_frozen, shares.c.cents).join(
            shares, shares.c.booking_id == b.id
        )
        return [
            UnpaidShare(
                booking_id=row.id,
                booking_status=BookingStatus(row.status),
                end_at=row.end_at,
                due_at=row.payout_due_at,
                is_held=row.payout_is_frozen or row.status == BookingStatus.DISPUTED.value,
                amount=Money(int(row.cents)),
            )
            for row in await self._rows(statement.order_by(b.end_at, b.id))
        ]

    async def paid(self, caregiver_id: CaregiverId) -> Money:
        his = _T.caregiver_id == caregiver_id
        return Money(await self._sum(LedgerAccount.EARNINGS, his, _T.kind.in_(_PAID_KINDS)))

    async def debt(self, caregiver_id: CaregiverId) -> Money:
        return Money(await self._sum(LedgerAccount.CAREGIVER_DEBT, _T.caregiver_id == caregiver_id))

    async def balance_before(self, caregiver_id: CaregiverId, at: datetime) -> Money:
        owed_to_him = -gained(LedgerAccount.EARNINGS, LedgerAccount.CAREGIVER_DEBT)
        his = _T.caregiver_id == caregiver_id, _T.at < at
        rows = await self._rows(select(owed_to_him.label("cents")).select_from(JOINED).where(*his))
        return Money(int(rows[0].cents))

    async def payouts(self, caregiver_id: CaregiverId, *, limit: int, cursor: str | None) -> Page[OwnPayoutView]:
        statement = (
            select(payouts, bookings.c.service, bookings.c.start_at, bookings.c.end_at)
            .join(bookings, bookings.c.id == payouts.c.booking_id)
            .where(payouts.c.caregiver_id == caregiver_id)
        )
        return await newest_first(
            self._database,
            statement,
            _payout,
            at=payouts.c.decided_at,
            row_id=payouts.c.id,
            limit=limit,
            cursor=cursor,
        )

    async def caregivers_with_movements(self, period: Period) -> Sequence[CaregiverId]:
        within = _T.at >= period.start, _T.at < period.end, _T.caregiver_id.is_not(None)
        statement = select(_T.caregiver_id).where(*within).distinct().order_by(_T.caregiver_id)
        return [CaregiverId(row.caregiver_id) for row in await self._rows(statement)]

    async def movements(self, caregiver_id: CaregiverId, period: Period) -> Sequence[EarningsMovement]:
        commission = -gained(LedgerAccount.COMMISSION)
        statement = (
            select(
                *(_T.at, _T.kind, _T.booking_id, bookings.c.service),
                _EARNED.label("earned"),
                commission.label("commission"),
            )
            .select_from(JOINED.outerjoin(bookings, bookings.c.id == _T.booking_id))
            .where(_T.caregiver_id == caregiver_id, _T.at >= period.start, _T.at < period.end)
            .group_by(_T.id, _T.at, _T.kind, _T.booking_id, bookings.c.service)
            .having(or_(_EARNED != 0, commission != 0))
            .order_by(_T.at, _T.id)
        )
        return [_movement(row) for row in await self._rows(statement)]

    async def _sum(self, account: LedgerAccount, *conditions: ColumnElement[bool]) -> int:
        rows = await self._rows(select(gained(account).label("cents")).select_from(JOINED).where(*conditions))
        return int(rows[0].cents)

    async def _rows(self, statement: AnySelect) -> Sequence[Row[Any]]:
        async with self._database.read() as connection:
            return (await connection.execute(statement)).all()


def _movement(row: Row[Any]) -> EarningsMovement:
    kind = TransactionKind(row.kind)
    earned, commission = Money(int(row.earned)), Money(int(row.commission))
    return EarningsMovement(
        at=row.at,
        kind=kind,
        booking_id=row.booking_id,
        service=None if row.service is None else Service(row.service),
        gross=earned + commission if kind in SALES else Money.zero(),
        commission=commission,
        earned=earned,
    )


def _payout(row: Row[Any]) -> OwnPayoutView:
    amount, netted, back = (
        MoneyView(amount_cents=cents, currency=row.currency)
        for cents in (row.amount_cents, row.netted_cents, row.reversed_cents)
    )
    status = PayoutStatus(row.status)
    return OwnPayoutView(
        id=row.id,
        booking_id=row.booking_id,
        service=Service(row.service),
        start_at=row.start_at,
        end_at=row.end_at,
        status=status,
        amount=amount,
        netted=netted,
        reversed=back,
        decided_at=row.decided_at,
        paid_at=row.settled_at if status in (PayoutStatus.PAID, PayoutStatus.NETTED) else None,
    )
