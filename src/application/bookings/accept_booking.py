"""The caregiver's yes."""

from dataclasses import dataclass

from application.bookings.pay_window import announce_pay_window
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import BookingId
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptBooking:
    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, actor: Actor, booking_id: BookingId) -> None:
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            now = self.clock.now()
            booking.accept(by=actor, at=now)
            await uow.bookings.save(booking)
            await announce_pay_window(uow, booking, now=now)
