"""Ending a booking before its time."""

from dataclasses import dataclass

from application.bookings.ended_booking import end_booking
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import BookingId
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelBooking:
    """Cancels on the terms that the preview shows. The refund is decided here and made by a job; twice is harmless.

    `caregiver_fault` counts for admins only, whose act goes into the audit log.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids

    async def execute(
        self, *, actor: Actor, booking_id: BookingId, reason: str | None = None, caregiver_fault: bool = True
    ) -> None:
        now = self.clock.now()
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            await end_booking(
                uow, booking, actor=actor, reason=reason, ids=self.ids, now=now, caregiver_fault=caregiver_fault
            )
