"""The jobs that move money, and their keys: each is recorded once, with its reason."""

from uuid import UUID

from application.ports.unit_of_work import UnitOfWork
from domain.bookings.booking_life import BookingId
from domain.payments.payment import PaymentId
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


async def enqueue_refund_alone(uow: UnitOfWork, refund: Refund, *, after: int = 0) -> None:
    """`after` tells several occasions apart: a job that gave up does not keep a later one from being recorded."""
    key = f"{REFUND}:{refund.id}:{after}"
    await uow.jobs.enqueue(REFUND, {"refund_id": str(refund.id)}, queue=MONEY_QUEUE, unique_key=key)


async def enqueue_cancel_of_open_payments(
    uow: UnitOfWork, booking_id: BookingId, *, but: PaymentId | None = None
) -> None:
    """Has the provider take no more money for a booking that is over, or is paid by another payment."""
    for payment in await uow.payments.of_booking(booking_id):
        if payment.is_open and payment.id != but:
            # One that was refused while it was processed may have to be cancelled later.
            key = f"{CANCEL}:{payment.id}:{payment.version}"
            await uow.jobs.enqueue(CANCEL, {"payment_id": str(payment.id)}, queue=MONEY_QUEUE, unique_key=key)


async def enqueue_apply_event(uow: UnitOfWork, inbox_id: UUID) -> None:
    key = f"{APPLY_EVENT}:{inbox_id}"
    await uow.jobs.enqueue(APPLY_EVENT, {"inbox_id": str(inbox_id)}, queue=MONEY_QUEUE, unique_key=key)


async def enqueue_payout(uow: UnitOfWork, payout: Payout) -> None:
    """Has the transfer made, of the payout as it is now."""
    key = f"{SEND_PAYOUT}:{payout.id}:{payout.version}"
    await uow.jobs.enqueue(SEND_PAYOUT, {"payout_id": str(payout.id)}, queue=MONEY_QUEUE, unique_key=key)


async def resume_payout(uow: UnitOfWork, booking_id: BookingId) -> None:
    """Has a payout go on that waited because the booking's payout was frozen, if there is one."""
    payout = await uow.payouts.of_booking(booking_id)
    if payout is not None and payout.is_unsettled:
        await uow.payouts.save(payout)
        await enqueue_payout(uow, payout)


async def enqueue_reversal(uow: UnitOfWork, booking_id: BookingId, *, because_of: UUID) -> None:
    """Has the caregiver's account brought down to his share, and then the booking's refunds made."""
    key = f"{REVERSE_PAYOUT}:{because_of}"
    await uow.jobs.enqueue(REVERSE_PAYOUT, {"booking_id": str(booking_id)}, queue=MONEY_QUEUE, unique_key=key)
