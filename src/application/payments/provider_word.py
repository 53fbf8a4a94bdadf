"""Taking over what the payment provider tells of a payment."""

from datetime import datetime

from application.payments.money_jobs import enqueue_refund
from application.ports.ids import Ids
from application.ports.payments import ProviderPayment
from application.ports.unit_of_work import UnitOfWork
from domain.bookings.booking import Booking, MoneyOutcome
from domain.bookings.booking_life import BookingId
from domain.payments.payment import Payment, PaymentId, PaymentStatus
from domain.payments.refund import RefundId


async def take_over(
    uow: UnitOfWork, *, booking_id: BookingId, payment_id: PaymentId, seen: ProviderPayment, ids: Ids, now: datetime
) -> Payment:
    """Applies the provider's word to payment and booking, the booking locked first; any order, any number of times.

    Money the booking has no use for (expired, cancelled, paid already) is given back whole, by a job.
    """
    booking = await uow.bookings.get(booking_id, for_update=True)
    payment = await uow.payments.get(payment_id)
    money_arrived = payment.observe(
        provider_payment_id=seen.id,
        status=PaymentStatus(seen.status.value),
        charge_id=seen.charge_id,
        error=seen.error,
    )
    if money_arrived:
        outcome = booking.mark_paid(payment_id=payment.id, captured=payment.captured, at=now, quote_id=payment.quote_id)
        if outcome is MoneyOutcome.GIVE_BACK:
            await _give_back(uow, booking, payment, ids, now)
        await uow.bookings.save(booking)
    await uow.payments.save(payment)
    return payment


async def _give_back(uow: UnitOfWork, booking: Booking, payment: Payment, ids: Ids, now: datetime) -> None:
    refund = payment.give_back(
        payment.captured,
        id=RefundId(ids.new()),
        number=booking.next_refund_number(),
        reason="money arrived too late",
        at=now,
    )
    await uow.payments.add_refund(refund)
    await enqueue_refund(uow, refund)
