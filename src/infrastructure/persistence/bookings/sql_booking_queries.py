"""Bookings as their parties see them, straight from SQL."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from application.cursors import encode_cursor
from application.ports.booking_queries import (
    BookedPetView,
    BookingContactView,
    BookingQueries,
    BookingTotals,
    BookingTransitionView,
    BookingView,
    CareReportView,
    ContactPartyView,
    EmergencyContactView,
    ServiceReportView,
)
from application.ports.views import Page
from domain.bookings.booking_life import (
    STATUSES_THAT_FREE_THE_PLACE,
    STATUSES_THAT_REVEAL,
    ActorRole,
    BookingId,
    BookingStatus,
    SeriesId,
)
from domain.bookings.booking_refusals import BookingNotFound, ContactNotRevealed
from domain.bookings.request_rules import MAX_NIGHTS
from domain.bookings.series import SeriesNotFound
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize
from domain.shared.actor import Actor
from domain.shared.money import Money
from domain.shared.period import Period
from infrastructure.persistence.bookings.booking_aftermath import CHECK_IN, CHECK_OUT
from infrastructure.persistence.bookings.booking_page_sql import page_of_bookings
from infrastructure.persistence.bookings.booking_tables import (
    booking_pets,
    booking_transitions,
    bookings,
    care_reports,
    quote_pets,
    quotes,
)
from infrastructure.persistence.bookings.booking_view_rows import SELECTED_BOOKINGS, QuoteRows, booking_view
from infrastructure.persistence.database import Database
from infrastructure.persistence.enum_values import by_value
from infrastructure.persistence.many_ids import statement_of_ids
from infrastructure.persistence.pets.pet_tables import pets
from infrastructure.persistence.plain_rows import plain_rows
from infrastructure.persistence.tables import AnySelect

_ANIMALS, _SIZES = by_value(Animal), by_value(AnimalSize)
_FREE = [status.value for status in STATUSES_THAT_FREE_THE_PLACE]
# Nights, the rest of a day at either end, and an hour of the clocks.
_LONGEST = timedelta(days=MAX_NIGHTS + 2)


class SqlBookingQueries(BookingQueries):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, booking_id: BookingId, *, viewer: Actor) -> BookingView:
        views = await self._views(_visible_to(viewer).where(bookings.c.id == booking_id), viewer)
        if not views:
            raise BookingNotFound
        return views[0]

    async def of_series(self, series_id: SeriesId, *, viewer: Actor) -> Sequence[BookingView]:
        statement = _visible_to(viewer).where(bookings.c.series_id == series_id)
        views = await self._views(statement.order_by(bookings.c.start_at, bookings.c.id), viewer)
        if not views:
            raise SeriesNotFound
        return views

    async def of_account(
        self,
        *,
        viewer: Actor,
        role: ActorRole | None,
        statuses: Collection[BookingStatus],
        starts_from: datetime | None,
        starts_before: datetime | None,
        limit: int,
        cursor: str | None,
    ) -> Page[BookingView]:
        statement, parameters = page_of_bookings(
            viewer,
            role,
            statuses=statuses,
            starts_from=starts_from,
            starts_before=starts_before,
            limit=limit + 1,
            cursor=cursor,
        )
        views = await self._views(statement, viewer, parameters)
        items = views[:limit]
        more = len(views) > limit
        return Page(items=items, next_cursor=encode_cursor((items[-1].start_at, items[-1].id)) if more else None)

    async def occupying(self, *, viewer: Actor, role: ActorRole | None, period: Period) -> Sequence[BookingView]:
        statement = SELECTED_BOOKINGS.where(
            _as_role(viewer, role),
            # The index is by start; what started before that is over.
            bookings.c.start_at > period.start - _LONGEST,
            bookings.c.start_at < period.end,
            bookings.c.end_at > period.start,
            bookings.c.status.not_in(_FREE),
        )
        return await self._views(statement.order_by(bookings.c.start_at, bookings.c.id), viewer)

    async def totals(
        self,
        *,
        viewer: Actor,
        role: ActorRole,
        starts_from: datetime | None,
        starts_before: datetime | None,
        now: datetime,
    ) -> BookingTotals:
        b = bookings.c
        upcoming = case((and_(b.start_at > now, b.status.not_in(_FREE)), 1), else_=0)
        counted: AnySelect = select(
            b.status,
            b.service,
            func.count().label("number"),
            func.sum(upcoming).label("upcoming"),
            func.sum(b.captured_cents).label("captured"),
            func.sum(b.refunded_cents).label("refunded"),
        )
        other = b.caregiver_id if role is ActorRole.OWNER else b.owner_id
        mine = (_as_role(viewer, role), *_starting(starts_from, starts_before))
        async with self._database.read() as connection:
            rows = (await connection.execute(counted.where(*mine).group_by(b.status, b.service))).all()
            others = (await connection.execute(select(func.count(other.distinct())).where(*mine))).scalar_one()
        return _totals(rows, others)

    async def contact(self, booking_id: BookingId, *, viewer: Actor) -> BookingContactView:
        statement = SELECTED_BOOKINGS.where(bookings.c.id == booking_id, _as_role(viewer, None))
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).first()
        if row is None:
            raise BookingNotFound
        if row.meet_and_greet:
            raise ContactNotRevealed("A meet-and-greet reveals no contact data.")
        if BookingStatus(row.status) not in STATUSES_THAT_REVEAL:
            raise ContactNotRevealed(f"The booking is {row.status}; contact data is revealed once it is paid.")
        return BookingContactView(
            caregiver=ContactPartyView(
                id=row.caregiver_id,
                first_name=row.caregiver_first,
                last_name=row.caregiver_last,
                phone=row.caregiver_phone,
                address=row.caregiver_address,
            ),
            owner=ContactPartyView(
                id=row.owner_id,
                first_name=row.owner_first,
                last_name=row.owner_last,
                phone=row.owner_phone,
                address=row.owner_address,
            ),
            emergency_contact=EmergencyContactView(name=row.emergency_name, phone=row.emergency_phone),
        )

    async def history(self, booking_id: BookingId, *, viewer: Actor) -> Sequence[BookingTransitionView]:
        statement = select(booking_transitions).where(booking_transitions.c.booking_id == booking_id)
        async with self._database.read() as connection:
            await _require_visible(connection, booking_id, viewer)
            rows = (await connection.execute(statement.order_by(booking_transitions.c.position))).all()
        return [
            BookingTransitionView(
                from_status=None if row.from_status is None else BookingStatus(row.from_status),
                to_status=BookingStatus(row.to_status),
                at=row.at,
                actor_role=ActorRole(row.actor_role),
                reason=row.reason,
            )
            for row in rows
        ]

    async def report(self, booking_id: BookingId, *, viewer: Actor) -> ServiceReportView:
        statement = select(care_reports).where(care_reports.c.booking_id == booking_id)
        async with self._database.read() as connection:
            await _require_visible(connection, booking_id, viewer)
            rows = (await connection.execute(statement)).all()
        told = {row.moment: _report_view(row) for row in rows}
        return ServiceReportView(check_in=told.get(CHECK_IN), check_out=told.get(CHECK_OUT))

    async def _views(
        self, statement: AnySelect, viewer: Actor, parameters: dict[str, Any] | None = None
    ) -> list[BookingView]:
        """The bookings with their pets: two queries whatever their number, and two more if changes are asked for."""
        async with self._database.read() as connection:
            rows = plain_rows(await connection.execute(statement, parameters))
            booked = dict[UUID, list[BookedPetView]]()
            if rows:
                found = await connection.execute(_PETS.on(connection), {"ids": [row.id for row in rows]})
                booked = _pets_by_first(found.all())
            wished = [row.change_quote_id for row in rows if row.change_quote_id is not None]
            asked = await _quotes_of(connection, wished) if wished else {}
        return [booking_view(row, booked[row.id], viewer, proposal=asked.get(row.change_quote_id)) for row in rows]


async def _quotes_of(connection: AsyncConnection, quote_ids: list[UUID]) -> dict[UUID, QuoteRows]:
    among: dict[str, Any] = {"ids": quote_ids}
    booked = _pets_by_first((await connection.execute(_QUOTE_PETS.on(connection), among)).all())
    found = (await connection.execute(_QUOTES.on(connection), among)).all()
    return {row.id: (row, booked[row.id]) for row in found}


def _pets_by_first(rows: Iterable[Any]) -> dict[UUID, list[BookedPetView]]:
    """Rows of `_PETS` or `_QUOTE_PETS` as views, by the booking or the quote that they name first."""
    booked: dict[UUID, list[BookedPetView]] = defaultdict(list)
    for belongs_to, pet_id, name, animal, size in rows:
        booked[belongs_to].append(BookedPetView(id=pet_id, name=name, animal=_ANIMALS[animal], size=_SIZES[size]))
    return booked


async def _require_visible(connection: AsyncConnection, booking_id: BookingId, viewer: Actor) -> None:
    seen = await connection.execute(_visible_to(viewer).where(bookings.c.id == booking_id))
    if seen.first() is None:
        raise BookingNotFound


def _visible_to(viewer: Actor) -> AnySelect:
    return SELECTED_BOOKINGS if viewer.is_admin else SELECTED_BOOKINGS.where(_as_role(viewer, None))


def _as_role(viewer: Actor, role: ActorRole | None) -> ColumnElement[bool]:
    as_owner = bookings.c.owner_id == viewer.account_id
    as_caregiver = bookings.c.caregiver_id == viewer.caregiver_id
    if role is ActorRole.OWNER:
        return as_owner
    if role is ActorRole.CAREGIVER:
        return as_caregiver
    return as_owner if viewer.caregiver_id is None else or_(as_owner, as_caregiver)


_PETS = statement_of_ids(
    lambda is_among: (
        select(booking_pets.c.booking_id, pets.c.id, pets.c.name, pets.c.animal, pets.c.size)
        .join(pets, pets.c.id == booking_pets.c.pet_id)
        .where(is_among(booking_pets.c.booking_id))
        .order_by(booking_pets.c.booking_id, booking_pets.c.position)
    )
)


_QUOTES = statement_of_ids(lambda is_among: select(quotes).where(is_among(quotes.c.id)))
_QUOTE_PETS = statement_of_ids(
    lambda is_among: (
        select(quote_pets.c.quote_id, pets.c.id, pets.c.name, pets.c.animal, pets.c.size)
        .join(pets, pets.c.id == quote_pets.c.pet_id)
        .where(is_among(quote_pets.c.quote_id))
        .order_by(quote_pets.c.quote_id, quote_pets.c.position)
    )
)


def _starting(starts_from: datetime | None, starts_before: datetime | None) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if starts_from is not None:
        bounds.append(bookings.c.start_at >= starts_from)
    if starts_before is not None:
        bounds.append(bookings.c.start_at < starts_before)
    return bounds


def _totals(rows: Sequence[Row[Any]], other_parties: int) -> BookingTotals:
    by_status, by_service = Counter[BookingStatus](), Counter[Service]()
    for row in rows:
        by_status[BookingStatus(row.status)] += row.number
        by_service[Service(row.service)] += row.number
    return BookingTotals(
        by_status=by_status,
        by_service=by_service,
        # PostgreSQL sums to decimals.
        upcoming=sum(int(row.upcoming) for row in rows),
        other_parties=other_parties,
        captured=Money(sum(int(row.captured) for row in rows)),
        refunded=Money(sum(int(row.refunded) for row in rows)),
    )


def _report_view(row: Row[Any]) -> CareReportView:
    return CareReportView(at=row.at, lat=row.lat, lng=row.lng, notes=row.notes, photos=row.photos)
