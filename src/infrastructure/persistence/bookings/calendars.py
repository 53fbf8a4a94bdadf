"""Calendars of caregivers: their open hours, and what takes them up."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Date,
    Executable,
    Integer,
    String,
    bindparam,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.bookings.free_periods import CaregiverCalendar, Occupancy
from domain.caregivers.caregiver_profile import CaregiverStatus
from domain.caregivers.services import Service
from domain.shared.period import Period
from infrastructure.persistence.accounts.account_tables import accounts
from infrastructure.persistence.bookings.booking_tables import occupancies
from infrastructure.persistence.caregivers.availability_rows import RULES, availability_from
from infrastructure.persistence.caregivers.caregiver_tables import caregivers, dated_hours, offers, weekly_hours
from infrastructure.persistence.enum_values import by_value
from infrastructure.persistence.many_ids import IsAmong, statement_of_ids
from infrastructure.persistence.plain_rows import plain_rows
from infrastructure.persistence.tables import AnySelect, UtcDateTime

_SERVICES = by_value(Service)
_TYPES: dict[str, Any] = {
    "service": String,
    "weekday": Integer,
    "position": Integer,
    "start_minute": Integer,
    "end_minute": Integer,
    "day": Date,
    "animals": Integer,
    "start_at": UtcDateTime,
    "end_at": UtcDateTime,
    **{column.name: column.type for column in RULES},
    "max_animals_at_once": Integer,
    "bookable": Boolean,
}
Rows = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Calendars:
    """Of those caregivers that are visible; each is made when it is asked for."""

    rows: dict[UUID, Rows]

    def of(self, caregiver_id: UUID) -> CaregiverCalendar | None:
        """None for who is not visible."""
        rows = self.rows[caregiver_id]
        if not rows["shown"]:
            return None
        (shown,) = rows["shown"]
        return CaregiverCalendar(
            availability=availability_from(shown, weekly=rows["weekly"], dated=rows["dated"]),
            services=frozenset(_SERVICES[row.service] for row in rows["offers"]) if shown.bookable else frozenset(),
            max_animals=shown.max_animals_at_once,
            taken=[Occupancy(Period(row.start_at, row.end_at), row.animals) for row in rows["taken"]],
        )


async def load_calendars(connection: AsyncConnection, ids: Sequence[UUID], within: Period) -> Calendars:
    """As they are in a period: one statement whatever their number."""
    rows: dict[UUID, Rows] = defaultdict(lambda: defaultdict(list))
    asked = {"ids": list(ids), "starts": within.start, "ends": within.end}
    for row in plain_rows(await connection.execute(_CALENDARS.on(connection), asked)) if ids else ():
        rows[row.caregiver_id][row.name].append(row)
    return Calendars(rows)


def _calendars(is_among: IsAmong) -> Executable:
    c, o, w, d = caregivers.c, offers.c, weekly_hours.c, dated_hours.c
    bookable = c.can_receive_transfers & accounts.c.email_verified_at.is_not(None)
    shown = _part("shown", c.id, *RULES, c.max_animals_at_once, bookable.label("bookable"))
    taken = occupancies.c
    parts = [
        # The types of all are those of the first.
        shown.join(accounts, accounts.c.id == c.account_id).where(
            c.status == CaregiverStatus.APPROVED.value, accounts.c.suspended_at.is_(None)
        ),
        _part("offers", o.caregiver_id, o.service),
        _part("weekly", w.caregiver_id, w.weekday, w.start_minute, w.end_minute),
        _part("dated", d.caregiver_id, d.day, d.position, d.start_minute, d.end_minute),
        _part("taken", taken.caregiver_id, taken.animals, taken.start_at, taken.end_at).where(
            taken.end_at > bindparam("starts"), taken.start_at < bindparam("ends")
        ),
    ]
    among = [part.where(is_among(part.selected_columns.caregiver_id)) for part in parts]
    return union_all(*among).order_by("position", "start_minute")


def _part(name: str, caregiver_id: Any, *columns: Any) -> AnySelect:
    """Rows of all columns there are, of which the others are null."""
    known = {column.name: column for column in columns}
    return select(
        caregiver_id.label("caregiver_id"),
        literal_column(f"'{name}'", String).label("name"),
        *(known.get(column, sql_cast(null(), kind).label(column)) for column, kind in _TYPES.items()),
    )


_CALENDARS = statement_of_ids(_calendars)
