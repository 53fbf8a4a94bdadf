"""The page of somebody's bookings, by statements made once: one for each kind of question."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, or_

from application.cursors import decode_cursor
from domain.bookings.booking_life import ActorRole, BookingStatus
from domain.shared.actor import Actor
from domain.shared.period import checked_instant
from infrastructure.persistence.bookings.booking_tables import bookings
from infrastructure.persistence.bookings.booking_view_rows import SELECTED_BOOKINGS
from infrastructure.persistence.tables import AnySelect

_b = bookings.c
_MINE: dict[ActorRole, ColumnElement[bool]] = {
    ActorRole.OWNER: _b.owner_id == bindparam("account_id"),
    ActorRole.CAREGIVER: _b.caregiver_id == bindparam("caregiver_id"),
}
# By a parameter that is there only when it is asked.
_NARROWED: dict[str, ColumnElement[bool]] = {
    "statuses": _b.status.in_(bindparam("statuses", expanding=True)),
    "starts_from": _b.start_at >= bindparam("starts_from"),
    "starts_before": _b.start_at < bindparam("starts_before"),
    "last_id": or_(
        _b.start_at < bindparam("last_start"),
        and_(_b.start_at == bindparam("last_start"), _b.id < bindparam("last_id")),
    ),
}


def page_of_bookings(
    viewer: Actor,
    role: ActorRole | None,
    *,
    statuses: Collection[BookingStatus],
    starts_from: datetime | None,
    starts_before: datetime | None,
    limit: int,
    cursor: str | None,
) -> tuple[AnySelect, dict[str, Any]]:
    """A statement and its parameters: the latest first, as one role or, without, as either."""
    roles = _roles(viewer, role)
    parameters: dict[str, Any] = {"account_id": viewer.account_id, "limit": limit}
    if ActorRole.CAREGIVER in roles:
        parameters["caregiver_id"] = viewer.caregiver_id
    if statuses:
        parameters["statuses"] = [status.value for status in statuses]
    if starts_from is not None:
        parameters["starts_from"] = starts_from
    if starts_before is not None:
        parameters["starts_before"] = starts_before
    if cursor is not None:
        start_at, last_id = decode_cursor(cursor, tuple[datetime, UUID])
        parameters |= {"last_start": checked_instant(start_at, field="cursor"), "last_id": last_id}
    return _statement(roles, frozenset(_NARROWED.keys() & parameters.keys())), parameters


def _roles(viewer: Actor, role: ActorRole | None) -> frozenset[ActorRole]:
    if role is ActorRole.OWNER or role is ActorRole.CAREGIVER:
        return frozenset({role})
    return frozenset({ActorRole.OWNER} if viewer.caregiver_id is None else _MINE)


@cache
def _statement(roles: frozenset[ActorRole], narrowed: frozenset[str]) -> AnySelect:
    return (
        SELECTED_BOOKINGS.where(or_(*(_MINE[role] for role in roles)), *(_NARROWED[name] for name in narrowed))
        .order_by(_b.start_at.desc(), _b.id.desc())
        .limit(bindparam("limit"))
    )
