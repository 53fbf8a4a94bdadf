"""The caregiver's yes."""

from dataclasses import dataclass

from application.bookings.pay_window import announce_pay_window
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import BookingId
from domain.bookings.quote import QuoteId
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptBooking:
    """Accepts the booking as it is now, or only on the terms of `quote_id`, if that is given.

    Raises TermsChanged when they are others by now, QuoteNotFound when they never were for this owner.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, actor: Actor, booking_id: BookingId, quote_id: QuoteId | None = None) -> None:
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            now = self.clock.now()
            seen = None if quote_id is None else await uow.quotes.get(quote_id, owner_id=booking.owner_id)
            booking.accept(by=actor, at=now, seen=seen)
            await uow.bookings.save(booking)
            await announce_pay_window(uow, booking, now=now)
