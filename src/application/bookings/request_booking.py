"""Asking a caregiver for what was quoted."""

from dataclasses import dataclass

from application.bookings.first_meeting import require_first_meeting
from application.bookings.pay_window import announce_pay_window
from application.bookings.promotion_use import require_promotion_left
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId
from domain.bookings.care_details import CareDetails
from domain.bookings.quote import QuoteId
from domain.bookings.request_rules import check_request, require_verified_email
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBooking:
    """Turns a quote into a booking at the quote's numbers, and takes the place. Everything is checked again.

    The caregiver is locked first, then the quote is read: of two requests for the last place, or with one quote,
    the second is told so (SlotTaken, QuoteAlreadyUsed), and likewise of two that want the last use of a promotion
    (PromotionUsedUp, PromotionUsedBefore).
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids

    async def execute(self, *, owner: Actor, quote_id: QuoteId, care: CareDetails) -> BookingId:
        require_verified_email(owner)
        async with self.unit_of_work() as uow:
            caregiver_id = await uow.quotes.caregiver_of(quote_id, owner_id=owner.account_id)
            caregiver = await uow.caregivers.get(caregiver_id, for_update=True)
            quote = await uow.quotes.get(quote_id, owner_id=owner.account_id)
            now = self.clock.now()
            quote.use(by=owner, at=now)
            check_request(
                owner=owner,
                caregiver=caregiver,
                availability=await uow.caregivers.availability(caregiver_id),
                service=quote.service,
                period=quote.period,
                pets=await uow.pets.get_many(quote.pet_ids, owner_id=owner.account_id),
                now=now,
            )
            if quote.meet_and_greet:
                await require_first_meeting(uow, quote.period, owner=owner, caregiver_id=caregiver_id)
            await require_promotion_left(uow, quote)
            booking = Booking.request(id=BookingId(self.ids.new()), quote=quote, caregiver=caregiver, care=care, at=now)
            await uow.quotes.save(quote)
            await uow.bookings.add(booking)
            await announce_pay_window(uow, booking, now=now)
        return booking.id
