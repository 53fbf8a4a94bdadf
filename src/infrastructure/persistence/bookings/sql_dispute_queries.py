"""Disputes for admins, straight from SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, or_

from application.cursors import decode_cursor, encode_cursor
from application.ports.dispute_queries import DisputeNotFound, DisputeQueries, DisputeView
from application.ports.views import Page
from domain.bookings.booking_life import BookingId, BookingStatus
from domain.bookings.dispute import DisputeDecision
from domain.caregivers.services import Service
from domain.shared.period import checked_instant
from infrastructure.persistence.bookings.booking_tables import disputes
from infrastructure.persistence.bookings.booking_view_rows import SELECTED_BOOKINGS, money_view, party_view
from infrastructure.persistence.database import Database


class SqlDisputeQueries(DisputeQueries):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_all(self, *, decided: bool | None, limit: int, cursor: str | None) -> Page[DisputeView]:
        statement = SELECTED_BOOKINGS.where(disputes.c.booking_id.is_not(None))
        if decided is not None:
            statement = statement.where(
                disputes.c.decided_at.is_not(None) if decided else disputes.c.decided_at.is_(None)
            )
        if cursor is not None:
            opened_at, last_id = decode_cursor(cursor, tuple[datetime, UUID])
            opened_at = checked_instant(opened_at, field="cursor")
            same_instant = and_(disputes.c.opened_at == opened_at, disputes.c.booking_id > last_id)
            statement = statement.where(or_(disputes.c.opened_at > opened_at, same_instant))
        ordered = statement.order_by(disputes.c.opened_at, disputes.c.booking_id).limit(limit + 1)
        async with self._database.read() as connection:
            views = [_view(row) for row in await connection.execute(ordered)]
        items = views[:limit]
        more = len(views) > limit
        return Page(items=items, next_cursor=encode_cursor((items[-1].opened_at, items[-1].id)) if more else None)

    async def of_booking(self, booking_id: BookingId) -> DisputeView:
        async with self._database.read() as connection:
            row = (await connection.execute(SELECTED_BOOKINGS.where(disputes.c.booking_id == booking_id))).first()
        if row is None:
            raise DisputeNotFound
        return _view(row)


def _view(row: Row[Any]) -> DisputeView:
    return DisputeView(
        id=row.id,
        booking_id=row.id,
        booking_status=BookingStatus(row.status),
        owner=party_view(row.owner_id, row.owner_first, row.owner_last, shown=True),
        caregiver=party_view(row.caregiver_id, row.caregiver_first, row.caregiver_last, shown=True),
        service=Service(row.service),
        start_at=row.start_at,
        end_at=row.end_at,
        gross=money_view(row.gross_cents, row),
        captured=money_view(row.captured_cents, row),
        refunded=money_view(row.refunded_cents, row),
        opened_at=row.dispute_opened_at,
        reason=row.dispute_reason,
        decision=None if row.dispute_decision is None else DisputeDecision(row.dispute_decision),
        decided_at=row.dispute_decided_at,
        decision_reason=row.dispute_decision_reason,
        refund=None if row.dispute_refund_cents is None else money_view(row.dispute_refund_cents, row),
    )
