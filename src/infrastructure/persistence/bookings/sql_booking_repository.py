"""Bookings in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, case, delete, func, or_, select, update

from application.cache_tags import calendar_tag
from application.ports.booking_repository import BookingRepository
from domain.bookings.booking import Booking
from domain.bookings.booking_in_care import COMPLETED_BY_ITSELF_AFTER
from domain.bookings.booking_life import (
    STATUSES_THAT_FREE_THE_PLACE,
    BookingId,
    BookingStatus,
    BookingTransition,
    SeriesId,
)
from domain.bookings.booking_refusals import BookingNotFound
from domain.bookings.care_details import CareDetails, EmergencyContact
from domain.bookings.free_periods import Occupancy
from domain.bookings.proposed_change import ProposedChange
from domain.bookings.series import SeriesNotFound
from domain.caregivers.caregiver_profile import CancellationPolicy
from domain.caregivers.services import Service
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.money import Money
from domain.shared.period import Period
from infrastructure.persistence.bookings.booking_aftermath import read_aftermath, write_aftermath
from infrastructure.persistence.bookings.booking_tables import (
    booking_pets,
    booking_transitions,
    bookings,
    occupancies,
)
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from infrastructure.persistence.dialects import locked
from infrastructure.persistence.payments.payout_tables import payouts
from infrastructure.persistence.transaction import Transaction

_ACCEPTED = bookings.c.status == BookingStatus.ACCEPTED.value
# Made once: to make them takes longer than to run them.
_ADD_BOOKING, _ADD_PETS, _ADD_TRANSITIONS = bookings.insert(), booking_pets.insert(), booking_transitions.insert()
_CAPACITY = select(caregivers.c.max_animals_at_once).where(caregivers.c.id == bindparam("of_caregiver"))
_TAKE_PLACE = occupancies.insert().values(capacity=_CAPACITY.scalar_subquery())
_MOVE_PLACE = (
    update(occupancies)
    .where(occupancies.c.booking_id == bindparam("of_booking"))
    .values(capacity=_CAPACITY.scalar_subquery())
)
_UNFINISHED = [BookingStatus.PAID.value, BookingStatus.IN_PROGRESS.value]


class SqlBookingRepository(BookingRepository):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def get(self, booking_id: BookingId, *, for_update: bool = False) -> Booking:
        statement = select(bookings).where(bookings.c.id == booking_id)
        row = await self._transaction.first(locked(statement) if for_update else statement)
        if row is None:
            raise BookingNotFound
        pets = select(booking_pets.c.pet_id).where(booking_pets.c.booking_id == booking_id)
        pet_rows = await self._transaction.all(pets.order_by(booking_pets.c.position))
        booking = _from_row(row, [pet.pet_id for pet in pet_rows])
        await read_aftermath(self._transaction, booking)
        return booking

    async def add(self, booking: Booking) -> None:
        await self._transaction.execute(_ADD_BOOKING, _to_row(booking))
        await self._transaction.execute(_ADD_PETS, _pet_rows(booking))
        await self._transaction.execute(_TAKE_PLACE, _occupancy_row(booking))
        self._transaction.touch(calendar_tag(booking.caregiver_id))
        await write_aftermath(self._transaction, booking)
        await self._record(booking, first=0)

    async def save(self, booking: Booking) -> None:
        statement = update(bookings).where(bookings.c.id == booking.id, bookings.c.version == booking.version)
        booking.version += 1
        await self._transaction.save_version(statement.values(_to_row(booking)))
        if booking.status in STATUSES_THAT_FREE_THE_PLACE:
            await self._transaction.execute(delete(occupancies).where(occupancies.c.booking_id == booking.id))
            self._transaction.touch(calendar_tag(booking.caregiver_id))
        await write_aftermath(self._transaction, booking)
        await self._record(booking)

    async def move(self, booking: Booking) -> None:
        await self.save(booking)
        await self._transaction.execute(delete(booking_pets).where(booking_pets.c.booking_id == booking.id))
        await self._transaction.execute(booking_pets.insert(), _pet_rows(booking))
        # A booking that holds no place has none to move.
        await self._transaction.save_version(_MOVE_PLACE, _occupancy_row(booking) | {"of_booking": booking.id})
        self._transaction.touch(calendar_tag(booking.caregiver_id))

    async def of_series(self, series_id: SeriesId, *, seen_by: Actor) -> Sequence[Booking]:
        # All have the same parties. Locked in an order that no change of dates turns round.
        ids = select(bookings.c.id).where(bookings.c.series_id == series_id).order_by(bookings.c.id)
        rows = await self._transaction.all(ids)
        if not rows:
            raise SeriesNotFound
        try:
            (await self.get(BookingId(rows[0].id))).role_of(seen_by)
        except BookingNotFound:
            raise SeriesNotFound from None
        found = [await self.get(BookingId(row.id), for_update=True) for row in rows]
        return sorted(found, key=lambda booking: booking.period.start)

    async def occupancies(
        self, caregiver_id: CaregiverId, period: Period, *, but: BookingId | None = None
    ) -> Sequence[Occupancy]:
        o = occupancies.c
        overlapping = (o.caregiver_id == caregiver_id, o.end_at > period.start, o.start_at < period.end)
        others = overlapping if but is None else (*overlapping, o.booking_id != but)
        rows = await self._transaction.all(select(occupancies).where(*others))
        return [Occupancy(Period(row.start_at, row.end_at), row.animals) for row in rows]

    async def have_met(self, owner_id: AccountId, caregiver_id: CaregiverId) -> bool:
        stands = bookings.c.status.not_in([status.value for status in STATUSES_THAT_FREE_THE_PLACE])
        was_paid = bookings.c.paid_at.is_not(None)
        met = select(bookings.c.id).where(
            bookings.c.owner_id == owner_id,
            bookings.c.caregiver_id == caregiver_id,
            or_(and_(bookings.c.meet_and_greet, stands), was_paid),
        )
        return await self._transaction.first(met.limit(1)) is not None

    async def due_for_expiry(self, now: datetime, *, limit: int) -> Sequence[BookingId]:
        deadline = case(
            (bookings.c.status == BookingStatus.PENDING.value, bookings.c.answer_until),
            (_ACCEPTED, bookings.c.pay_until),
            else_=bookings.c.change_until,
        )
        unanswered = and_(bookings.c.status == BookingStatus.PENDING.value, bookings.c.answer_until <= now)
        unpaid = and_(_ACCEPTED, bookings.c.meet_and_greet.is_(False), bookings.c.pay_until <= now)
        lapsed = bookings.c.change_until <= now
        due = select(bookings.c.id).where(or_(unanswered, unpaid, lapsed))
        statement = due.order_by(deadline, bookings.c.id).limit(limit)
        return [row.id for row in await self._transaction.all(statement)]

    async def due_for_completion(self, now: datetime, *, limit: int) -> Sequence[BookingId]:
        unfinished = and_(bookings.c.status.in_(_UNFINISHED), bookings.c.end_at <= now - COMPLETED_BY_ITSELF_AFTER)
        meetings = and_(_ACCEPTED, bookings.c.meet_and_greet, bookings.c.pay_until <= now)
        statement = (
            select(bookings.c.id)
            .where(or_(unfinished, meetings))
            .order_by(bookings.c.end_at, bookings.c.id)
            .limit(limit)
        )
        return [row.id for row in await self._transaction.all(statement)]

    async def due_for_payout(self, now: datetime, *, limit: int) -> Sequence[BookingId]:
        begun = select(payouts.c.id).where(payouts.c.booking_id == bookings.c.id)
        statement = (
            select(bookings.c.id)
            .join(caregivers, caregivers.c.id == bookings.c.caregiver_id)
            .where(
                bookings.c.payout_due_at <= now,
                bookings.c.paid_out_at.is_(None),
                bookings.c.payout_is_frozen.is_(False),
                caregivers.c.can_receive_transfers,
                ~begun.exists(),
            )
            .order_by(bookings.c.payout_due_at, bookings.c.id)
            .limit(limit)
        )
        return [row.id for row in await self._transaction.all(statement)]

    async def _record(self, booking: Booking, *, first: int | None = None) -> None:
        """`first` is the position of its next transition, if it is known without asking."""
        if booking.transitions:
            start = await self._count_transitions(booking) if first is None else first
            rows = [
                _transition_row(booking, position, transition)
                for position, transition in enumerate(booking.transitions, start=start)
            ]
            await self._transaction.execute(_ADD_TRANSITIONS, rows)
            booking.transitions.clear()
        await self._transaction.record_events(booking.events, aggregate_id=booking.id)

    async def _count_transitions(self, booking: Booking) -> int:
        count = select(func.count()).where(booking_transitions.c.booking_id == booking.id)
        return (await self._transaction.execute(count)).scalar_one()


def _pet_rows(booking: Booking) -> list[dict[str, Any]]:
    return [{"booking_id": booking.id, "position": at, "pet_id": pet_id} for at, pet_id in enumerate(booking.pet_ids)]


def _occupancy_row(booking: Booking) -> dict[str, Any]:
    return {
        "booking_id": booking.id,
        "caregiver_id": booking.caregiver_id,
        "start_at": booking.period.start,
        "end_at": booking.period.end,
        "animals": len(booking.pet_ids),
        "of_caregiver": booking.caregiver_id,
    }


def _transition_row(booking: Booking, position: int, transition: BookingTransition) -> dict[str, Any]:
    return {
        "booking_id": booking.id,
        "position": position,
        "from_status": None if transition.from_status is None else transition.from_status.value,
        "to_status": transition.to_status.value,
        "actor_id": transition.actor_id,
        "actor_role": transition.actor_role.value,
        "reason": transition.reason,
        "at": transition.at,
    }


def _to_row(booking: Booking) -> dict[str, Any]:
    same = (
        "id series_id quote_id owner_id caregiver_id time_zone commission_basis_points requested_at answer_until "
        "accepted_at pay_window_opens_at paid_at ended_at completed_at payout_due_at payout_is_frozen paid_out_at "
        "payment_id refund_count meet_and_greet version"
    )
    proposal = booking.proposal
    return {column: getattr(booking, column) for column in same.split()} | {
        "change_quote_id": None if proposal is None else proposal.quote_id,
        "change_asked_at": None if proposal is None else proposal.asked_at,
        "change_until": None if proposal is None else proposal.until,
        "change_accepted_at": None if proposal is None else proposal.accepted_at,
        "status": booking.status.value,
        # An accepted one must have an end; that of a meet-and-greet is its own.
        "pay_until": booking.period.end if booking.meet_and_greet else booking.pay_until,
        "service": booking.service.value,
        "start_at": booking.period.start,
        "end_at": booking.period.end,
        "policy": booking.policy.value,
        "gross_cents": booking.gross.amount_cents,
        "commission_cents": booking.commission.amount_cents,
        "net_cents": booking.net.amount_cents,
        "captured_cents": booking.captured.amount_cents,
        "refunded_cents": booking.refunded.amount_cents,
        "currency": booking.gross.currency,
        "emergency_name": booking.care.emergency_contact.name,
        "emergency_phone": booking.care.emergency_contact.phone,
        "notes": booking.care.notes,
        "vet": booking.care.vet,
        "off_leash_allowed": booking.care.off_leash_allowed,
    }


def _from_row(row: Row[Any], pet_ids: list[Any]) -> Booking:
    return Booking(
        id=row.id,
        owner_id=row.owner_id,
        caregiver_id=row.caregiver_id,
        quote_id=row.quote_id,
        series_id=row.series_id,
        service=Service(row.service),
        period=Period(row.start_at, row.end_at),
        time_zone=row.time_zone,
        pet_ids=tuple(pet_ids),
        care=CareDetails(
            emergency_contact=EmergencyContact(name=row.emergency_name, phone=row.emergency_phone),
            notes=row.notes,
            vet=row.vet,
            off_leash_allowed=row.off_leash_allowed,
        ),
        policy=CancellationPolicy(row.policy),
        gross=Money(row.gross_cents, row.currency),
        commission=Money(row.commission_cents, row.currency),
        commission_basis_points=row.commission_basis_points,
        requested_at=row.requested_at,
        answer_until=row.answer_until,
        status=BookingStatus(row.status),
        accepted_at=row.accepted_at,
        pay_window_opens_at=row.pay_window_opens_at,
        pay_until=None if row.meet_and_greet else row.pay_until,
        paid_at=row.paid_at,
        ended_at=row.ended_at,
        completed_at=row.completed_at,
        payout_due_at=row.payout_due_at,
        payout_is_frozen=row.payout_is_frozen,
        paid_out_at=row.paid_out_at,
        payment_id=row.payment_id,
        captured=Money(row.captured_cents, row.currency),
        refunded=Money(row.refunded_cents, row.currency),
        refund_count=row.refund_count,
        proposal=_proposal(row),
        meet_and_greet=row.meet_and_greet,
        version=row.version,
    )


def _proposal(row: Row[Any]) -> ProposedChange | None:
    if row.change_quote_id is None:
        return None
    return ProposedChange(
        quote_id=row.change_quote_id,
        asked_at=row.change_asked_at,
        until=row.change_until,
        accepted_at=row.change_accepted_at,
    )
