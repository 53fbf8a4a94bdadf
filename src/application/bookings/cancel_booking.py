"""Ending a booking before its time."""

from dataclasses import dataclass
from datetime import datetime

from application.payments.money_jobs import enqueue_cancel_of_open_payments, enqueue_refund
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.bookings.booking import Booking
from domain.bookings.booking_life import ActorRole, BookingId
from domain.bookings.cancellation import CancellationTerms
from domain.payments.payment import PaymentId
from domain.payments.refund import RefundId
from domain.shared.actor import Actor
from domain.shared.money import Money


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
            await self._settle(uow, booking, terms, now)
            if booking.role_of(actor) is ActorRole.ADMIN:
                await uow.audit.record(
                    admin_id=actor.account_id, action="bookings.cancel", subject_id=booking.id, reason=reason
                )
            await uow.bookings.save(booking)

    async def _settle(self, uow: UnitOfWork, booking: Booking, terms: CancellationTerms, now: datetime) -> None:
        await enqueue_cancel_of_open_payments(uow, booking.id)
        if booking.payment_id is None or terms.refund <= Money.zero(terms.refund.currency):
            return
        payment = await uow.payments.get(PaymentId(booking.payment_id))
        refund = payment.give_back(
            terms.refund,
            id=RefundId(self.ids.new()),
            number=booking.next_refund_number(),
            reason="booking cancelled",
            at=now,
        )
        await uow.payments.save(payment)
        await uow.payments.add_refund(refund)
        await enqueue_refund(uow, refund)
