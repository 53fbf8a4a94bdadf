"""What cancelling now would give back and cost."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import BookingId
from domain.bookings.cancellation import CancellationTerms
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewCancellation:
    """Asks the function that cancelling itself asks, for the same actor at the present instant. Changes nothing."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, actor: Actor, booking_id: BookingId, caregiver_fault: bool = True) -> CancellationTerms:
        async with self.unit_of_work.reading() as uow:
            booking = await uow.bookings.get(booking_id)
            return booking.terms_of_cancellation(by=actor, at=self.clock.now(), caregiver_fault=caregiver_fault)
