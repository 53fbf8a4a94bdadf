"""What a paid booking is to become, when the money for that arrives."""

from datetime import datetime

from application.ports.unit_of_work import UnitOfWork
from domain.bookings.booking import Booking
from domain.bookings.booking_change import check_change
from domain.bookings.booking_life import BookingId
from domain.bookings.booking_refusals import SlotTaken
from domain.bookings.free_periods import CaregiverCalendar
from domain.bookings.quote import Quote
from domain.caregivers.caregiver_profile import CaregiverProfile
from domain.payments.payment import Payment
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
    quote = await uow.quotes.get(payment.quote_id, owner_id=booking.owner_id)
    if payment.captured != quote.gross:
        return None
    try:
        check_change(booking, quote, at=now)
        await require_room(uow, booking, quote, caregiver)
    except Conflict:
        return None
    return quote


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
