"""The jobs that move money, and their keys: each is recorded once, with its reason."""

from uuid import UUID

from application.ports.unit_of_work import UnitOfWork
from domain.bookings.booking_life import BookingId
from domain.payments.refund import Refund

MONEY_QUEUE = "money"
APPLY_EVENT = "payments.apply_event"
REFUND = "payments.refund"
CANCEL = "payments.cancel"


async def enqueue_refund(uow: UnitOfWork, refund: Refund) -> None:
    """Has a decided refund made."""
    await _enqueue(uow, REFUND, "refund_id", refund.id)


async def enqueue_cancel_of_open_payments(uow: UnitOfWork, booking_id: BookingId) -> None:
    """Has the provider take no more money for a booking that is over."""
    for payment in await uow.payments.of_booking(booking_id):
        if payment.is_open:
            await _enqueue(uow, CANCEL, "payment_id", payment.id)


async def enqueue_apply_event(uow: UnitOfWork, inbox_id: UUID) -> None:
    await _enqueue(uow, APPLY_EVENT, "inbox_id", inbox_id)


async def _enqueue(uow: UnitOfWork, kind: str, name: str, subject_id: UUID) -> None:
    await uow.jobs.enqueue(kind, {name: str(subject_id)}, queue=MONEY_QUEUE, unique_key=f"{kind}:{subject_id}")
