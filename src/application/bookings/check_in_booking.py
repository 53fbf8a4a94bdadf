"""The care begins."""

from dataclasses import dataclass
from typing import Unpack

from application.payments.money_jobs import enqueue_cancel_of_open_payments
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import BookingId
from domain.bookings.care_report import CareReport, CareTold
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInBooking:
    """Takes down when the caregiver began, and what he tells of it: the first half of the service report. Nobody pays
    for a change any more then."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, actor: Actor, booking_id: BookingId, **told: Unpack[CareTold]) -> None:
        report = CareReport(at=self.clock.now(), **told)
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            booking.check_in(report, by=actor)
            await enqueue_cancel_of_open_payments(uow, booking_id)
            await uow.bookings.save(booking)
