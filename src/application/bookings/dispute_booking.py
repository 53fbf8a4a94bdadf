"""The owner objects."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import BookingId
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeBooking:
    """Holds the payout until an admin has decided."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, actor: Actor, booking_id: BookingId, reason: str) -> None:
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            booking.open_dispute(by=actor, at=self.clock.now(), reason=reason)
            await uow.bookings.save(booking)
