"""Taking for done what nobody checked out."""

from dataclasses import dataclass
from datetime import datetime

from application.one_by_one import Batch, one_by_one
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import BookingId


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteBookings:
    """Completes one batch of what ended a day ago, each booking in a transaction of its own.

    A booking that somebody checks out or cancels at the same moment is passed over.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, limit: int = 100) -> Batch:
        now = self.clock.now()
        async with self.unit_of_work.reading() as uow:
            due = await uow.bookings.due_for_completion(now, limit=limit)
        return await one_by_one(due, lambda booking_id: self._complete(booking_id, now))

    async def _complete(self, booking_id: BookingId, now: datetime) -> bool:
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            if not booking.complete(at=now):
                return False
            await uow.bookings.save(booking)
            return True
