"""The care begins."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import BookingId
from domain.bookings.care_report import CareReport
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInBooking:
    """Takes down when the caregiver began, and what he tells of it: the first half of the service report."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(
        self,
        *,
        actor: Actor,
        booking_id: BookingId,
        lat: float | None = None,
        lng: float | None = None,
        notes: str | None = None,
        photos: Sequence[str] = (),
    ) -> None:
        report = CareReport(at=self.clock.now(), lat=lat, lng=lng, notes=notes, photos=tuple(photos))
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            booking.check_in(report, by=actor)
            await uow.bookings.save(booking)
