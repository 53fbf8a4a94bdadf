"""Money for admins, straight from SQL."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Row, Table, select

from application.ports.money_queries import (
    AdminPayoutView,
    AdminRefundView,
    ChargebackView,
    DifferenceView,
    MoneyQueries,
)
from application.ports.views import MoneyView, Page
from domain.payments.chargeback import ChargebackStatus
from domain.payments.difference import DifferenceKind
from domain.payments.payout import PayoutStatus
from domain.payments.refund import RefundStatus
from infrastructure.persistence.database import Database
from infrastructure.persistence.newest_first import newest_first
from infrastructure.persistence.payments.payment_tables import refunds
from infrastructure.persistence.payments.payout_tables import chargebacks, payouts
from infrastructure.persistence.payments.payout_tables import reconciliation_differences as differences

Item = TypeVar("Item")


class SqlMoneyQueries(MoneyQueries):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def payouts(self, *, status: PayoutStatus | None, limit: int, cursor: str | None) -> Page[AdminPayoutView]:
        wanted = [] if status is None else [payouts.c.status == status.value]
        return await self._page(payouts, payouts.c.decided_at, wanted, _payout, limit, cursor)

    async def refunds(self, *, status: RefundStatus | None, limit: int, cursor: str | None) -> Page[AdminRefundView]:
        wanted = [] if status is None else [refunds.c.status == status.value]
        return await self._page(refunds, refunds.c.created_at, wanted, _refund, limit, cursor)

    async def chargebacks(
        self, *, status: ChargebackStatus | None, limit: int, cursor: str | None
    ) -> Page[ChargebackView]:
        wanted = [] if status is None else [chargebacks.c.status == status.value]
        return await self._page(chargebacks, chargebacks.c.opened_at, wanted, _chargeback, limit, cursor)

    async def differences(self, *, gone: bool | None, limit: int, cursor: str | None) -> Page[DifferenceView]:
        gone_at = differences.c.gone_at
        wanted = [] if gone is None else [gone_at.is_not(None) if gone else gone_at.is_(None)]
        return await self._page(differences, differences.c.found_at, wanted, _difference, limit, cursor)

    async def _page(
        self,
        table: Table,
        at: Column[datetime],
        wanted: Sequence[ColumnElement[bool]],
        view: Callable[[Row[Any]], Item],
        limit: int,
        cursor: str | None,
    ) -> Page[Item]:
        statement = select(table).where(*wanted)
        return await newest_first(self._database, statement, view, at=at, row_id=table.c.id, limit=limit, cursor=cursor)


def _money(row: Row[Any], column: str) -> MoneyView:
    return MoneyView(amount_cents=getattr(row, column), currency=row.currency)


def _payout(row: Row[Any]) -> AdminPayoutView:
    return AdminPayoutView(
        id=row.id,
        booking_id=row.booking_id,
        caregiver_id=row.caregiver_id,
        status=PayoutStatus(row.status),
        attempt=row.attempt,
        amount=_money(row, "amount_cents"),
        netted=_money(row, "netted_cents"),
        reversed=_money(row, "reversed_cents"),
        owed=_money(row, "owed_cents"),
        error=row.error,
        decided_at=row.decided_at,
        settled_at=row.settled_at,
    )


def _refund(row: Row[Any]) -> AdminRefundView:
    return AdminRefundView(
        id=row.id,
        booking_id=row.booking_id,
        number=row.number,
        status=RefundStatus(row.status),
        amount=_money(row, "amount_cents"),
        reason=row.reason,
        error=row.error,
        created_at=row.created_at,
        settled_at=row.settled_at,
        retried_as=row.retried_as,
    )


def _chargeback(row: Row[Any]) -> ChargebackView:
    return ChargebackView(
        id=row.id,
        booking_id=row.booking_id,
        status=ChargebackStatus(row.status),
        amount=_money(row, "amount_cents"),
        reason=row.reason,
        evidence_due_by=row.evidence_due_by,
        opened_at=row.opened_at,
        settled_at=row.settled_at,
    )


def _difference(row: Row[Any]) -> DifferenceView:
    return DifferenceView(
        id=row.id,
        kind=DifferenceKind(row.kind),
        reference=row.reference,
        ours=None if row.ours_cents is None else _money(row, "ours_cents"),
        theirs=None if row.theirs_cents is None else _money(row, "theirs_cents"),
        found_at=row.found_at,
        gone_at=row.gone_at,
    )
