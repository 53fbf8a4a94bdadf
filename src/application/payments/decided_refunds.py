"""A refund that a booking has decided on its way to the owner."""

from datetime import datetime

from application.payments.bookkeeping import Books
from application.payments.money_jobs import enqueue_refund
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWork
from domain.bookings.booking import Booking
from domain.payments.payment import PaymentId
from domain.payments.refund import RefundId
from domain.shared.money import Money


async def send_back(uow: UnitOfWork, booking: Booking, amount: Money, *, reason: str, ids: Ids, now: datetime) -> None:
    """Records the refund, which a job makes; nothing for no amount. The booking, locked, has
    counted it, and is saved by the caller."""
    if booking.payment_id is None or amount <= Money.zero(amount.currency):
        return
    payment = await uow.payments.get(PaymentId(booking.payment_id))
    refund = payment.give_back(
        amount, id=RefundId(ids.new()), number=booking.next_refund_number(), reason=reason, at=now
    )
    await uow.payments.save(payment)
    await uow.payments.add_refund(refund)
    await Books(uow=uow, ids=ids, now=now).refund_decided(booking, refund)
    await enqueue_refund(uow, refund)
