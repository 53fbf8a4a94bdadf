"""What a paid booking is to become, when the money for that arrives."""

from datetime import datetime

from application.ports.unit_of_work import UnitOfWork
from domain.bookings.booking import Booking
from domain.bookings.booking_change import check_change
from domain.bookings.booking_life import BookingId
from domain.bookings.booking_refusals import BookingNotChangeable, SlotTaken
from domain.bookings.free_periods import CaregiverCalendar
from domain.bookings.quote import Quote, QuoteId
from domain.caregivers.caregiver_profile import CaregiverProfile
from domain.payments.payment import Payment
from domain.pets.pet import PetNotFound
from domain.shared.errors import Conflict


async def lock_for_money(uow: UnitOfWork, booking_id: BookingId) -> tuple[Booking, CaregiverProfile | None]:
    """The booking, locked, and its caregiver, locked before, if it may need another place."""
    seen = await uow.bookings.get(booking_id)
    caregiver = None
    if seen.proposal is not None:
        caregiver = await uow.caregivers.get(seen.caregiver_id, for_update=True)
    return await uow.bookings.get(booking_id, for_update=True), caregiver


async def agreed_change(
    uow: UnitOfWork, booking: Booking, payment: Payment, caregiver: CaregiverProfile | None, *, now: datetime
) -> Quote | None:
    """The terms that the money of a payment was asked for, if they were agreed and can still be had."""
    if caregiver is None or payment.quote_id is None or not booking.awaits_money_for(payment.quote_id, at=now):
        return None
    try:
        quote = await change_to_pay(uow, booking, payment.quote_id, caregiver, now=now)
    except Conflict:
        return None
    return quote if payment.captured == quote.gross else None


async def change_to_pay(
    uow: UnitOfWork, booking: Booking, quote_id: QuoteId, caregiver: CaregiverProfile, *, now: datetime
) -> Quote:
    """The terms of an agreed change. Raises Conflict when they cannot be had any more."""
    quote = await uow.quotes.get(quote_id, owner_id=booking.owner_id)
    check_change(booking, quote, at=now)
    await require_room_and_pets(uow, booking, quote, caregiver)
    return quote


async def require_room_and_pets(uow: UnitOfWork, booking: Booking, quote: Quote, caregiver: CaregiverProfile) -> None:
    """Raises SlotTaken as `require_room` does, and BookingNotChangeable when a pet is not the owner's any more."""
    try:
        await uow.pets.get_many(quote.pet_ids, owner_id=booking.owner_id)
    except PetNotFound as gone:
        raise BookingNotChangeable("The booking is paid, and a pet of the change is not there any more.") from gone
    await require_room(uow, booking, quote, caregiver)


async def require_room(uow: UnitOfWork, booking: Booking, quote: Quote, caregiver: CaregiverProfile) -> None:
    """Raises SlotTaken when the caregiver, who is locked, has no room for what a booking may become. The booking's own
    place does not count."""
    calendar = CaregiverCalendar(
        availability=await uow.caregivers.availability(caregiver.id),
        services=frozenset({quote.service}),
        max_animals=caregiver.max_animals_at_once,
        taken=await uow.bookings.occupancies(caregiver.id, quote.period, but=booking.id),
    )
    if not calendar.has_room(quote.period, pets=len(quote.pet_ids)):
        raise SlotTaken
