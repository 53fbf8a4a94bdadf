"""The jobs that move money, and their keys: each is recorded once, with its reason."""

from uuid import UUID

from application.ports.unit_of_work import UnitOfWork
from domain.bookings.booking_life import BookingId
from domain.payments.payout import Payout
from domain.payments.refund import Refund

MONEY_QUEUE = "money"
APPLY_EVENT = "payments.apply_event"
REFUND = "payments.refund"
CANCEL = "payments.cancel"
SEND_PAYOUT = "payouts.send"
REVERSE_PAYOUT = "payouts.reverse"


async def enqueue_refund(uow: UnitOfWork, refund: Refund) -> None:
    """Has a decided refund made, after what the caregiver was paid too much has been taken back."""
    if await uow.payouts.of_booking(refund.booking_id) is None:
        await enqueue_refund_alone(uow, refund)
    else:
        await enqueue_reversal(uow, refund.booking_id, because_of=refund.id)


async def enqueue_refund_alone(uow: UnitOfWork, refund: Refund) -> None:
    await _enqueue(uow, REFUND, "refund_id", refund.id)


async def enqueue_cancel_of_open_payments(uow: UnitOfWork, booking_id: BookingId) -> None:
    """Has the provider take no more money for a booking that is over."""
    for payment in await uow.payments.of_booking(booking_id):
        if payment.is_open:
            await _enqueue(uow, CANCEL, "payment_id", payment.id)


async def enqueue_apply_event(uow: UnitOfWork, inbox_id: UUID) -> None:
    await _enqueue(uow, APPLY_EVENT, "inbox_id", inbox_id)


async def enqueue_payout(uow: UnitOfWork, payout: Payout) -> None:
    """Has the transfer of this attempt made."""
    key = f"{SEND_PAYOUT}:{payout.id}:{payout.attempt}"
    await uow.jobs.enqueue(SEND_PAYOUT, {"payout_id": str(payout.id)}, queue=MONEY_QUEUE, unique_key=key)


async def enqueue_reversal(uow: UnitOfWork, booking_id: BookingId, *, because_of: UUID) -> None:
    """Has the caregiver's account brought down to his share, and then the booking's refunds made."""
    key = f"{REVERSE_PAYOUT}:{because_of}"
    await uow.jobs.enqueue(REVERSE_PAYOUT, {"booking_id": str(booking_id)}, queue=MONEY_QUEUE, unique_key=key)


async def _enqueue(uow: UnitOfWork, kind: str, name: str, subject_id: UUID) -> None:
    await uow.jobs.enqueue(kind, {name: str(subject_id)}, queue=MONEY_QUEUE, unique_key=f"{kind}:{subject_id}")
