"""Ending a booking before its time."""

from dataclasses import dataclass

from application.payments.decided_refunds import send_back
from application.payments.money_jobs import enqueue_cancel_of_open_payments
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import ActorRole, BookingId
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
            terms = booking.cancel(by=actor, at=now, reason=reason, caregiver_fault=caregiver_fault)
            if terms is None:
                return
            await enqueue_cancel_of_open_payments(uow, booking.id)
            await send_back(uow, booking, terms.refund, reason="booking cancelled", ids=self.ids, now=now)
            if booking.role_of(actor) is ActorRole.ADMIN:
                await uow.audit.record(
                    admin_id=actor.account_id, action="bookings.cancel", subject_id=booking.id, reason=reason
                )
            await uow.bookings.save(booking)
