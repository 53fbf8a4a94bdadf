"""What ending a booking before its time brings with it."""

from datetime import datetime

from application.payments.decided_refunds import send_back
from application.payments.money_jobs import enqueue_cancel_of_open_payments
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWork
from domain.bookings.booking import Booking
from domain.bookings.booking_life import ActorRole
from domain.shared.actor import Actor


async def end_booking(
    uow: UnitOfWork,
    booking: Booking,
    *,
    actor: Actor,
    reason: str | None,
    ids: Ids,
    now: datetime,
    caregiver_fault: bool = True,
) -> bool:
    """Cancels a locked booking; jobs close its open payments and send back what its terms say. An admin's act goes into
    the audit log. False, and nothing done, when it was cancelled already."""
    terms = booking.cancel(by=actor, at=now, reason=reason, caregiver_fault=caregiver_fault)
    if terms is None:
        return False
    await enqueue_cancel_of_open_payments(uow, booking.id)
    await send_back(uow, booking, terms.refund, reason="booking cancelled", ids=ids, now=now)
    if booking.role_of(actor) is ActorRole.ADMIN:
        await uow.audit.record(
            admin_id=actor.account_id, action="bookings.cancel", subject_id=booking.id, reason=reason
        )
    await uow.bookings.save(booking)
    return True
