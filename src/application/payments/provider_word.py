"""Taking over what the payment provider tells: any order, any number of times, the booking locked first."""

from datetime import datetime

from application.payments.agreed_changes import agreed_change, lock_for_money
from application.payments.bookkeeping import Books
from application.payments.decided_refunds import send_back
from application.payments.money_jobs import (
    enqueue_cancel_of_open_payments,
    enqueue_refund,
    enqueue_reversal,
    resume_payout,
)
from application.ports.ids import Ids
from application.ports.payments import ProviderChargeback, ProviderPayment, ProviderRefund
from application.ports.transfers import ProviderTransfer
from application.ports.unit_of_work import UnitOfWork
from domain.bookings.booking import Booking, MoneyOutcome
from domain.bookings.booking_life import BookingId
from domain.bookings.quote import Quote
from domain.payments.chargeback import Chargeback, ChargebackId, ChargebackStatus
from domain.payments.payment import Payment, PaymentId, PaymentStatus
from domain.payments.payout import PayoutId
from domain.payments.refund import RefundId, RefundStatus
from domain.shared.money import Money


async def take_over(
    uow: UnitOfWork, *, booking_id: BookingId, payment_id: PaymentId, seen: ProviderPayment, ids: Ids, now: datetime
) -> Payment:
    """Applies the provider's word to payment and booking.

    Money the booking has no use for (expired, cancelled, paid already) is given back whole, by a job.
    """
    booking, caregiver = await lock_for_money(uow, booking_id)
    payment = await uow.payments.get(payment_id)
    money_arrived = payment.observe(
        provider_payment_id=seen.id,
        status=PaymentStatus(seen.status.value),
        charge_id=seen.charge_id,
        error=seen.error,
        amount=seen.amount,
    )
    await uow.payments.save(payment)
    if money_arrived:
        change = await agreed_change(uow, booking, payment, caregiver, now=now)
        if change is not None:
            await _pay_change(uow, booking, payment, change, ids, now)
        else:
            await _count(uow, booking, payment, ids, now)
    return payment


async def take_over_refund(
    uow: UnitOfWork, *, booking_id: BookingId, refund_id: RefundId, seen: ProviderRefund, ids: Ids, now: datetime
) -> None:
    await uow.bookings.get(booking_id, for_update=True)
    refund = await uow.payments.get_refund(refund_id)
    status = RefundStatus(seen.status.value)
    if not refund.observe(provider_refund_id=seen.id, status=status, at=now, error=seen.error):
        # It was made twice, which only the comparison with the provider's books may tell.
        return
    books = Books(uow=uow, ids=ids, now=now)
    await books.refund(refund)
    await uow.payments.save_refund(refund)
    await settle_by_bank(uow, booking_id, books)


async def settle_by_bank(uow: UnitOfWork, booking_id: BookingId, books: Books) -> None:
    """Refunds that failed, and whose money a lost chargeback has got the owner, are owed to nobody any more, whichever
    of the two was known first."""
    borne = await uow.ledger.losses_of(booking_id)
    for refund in await uow.payments.refunds_of_booking(booking_id):
        if refund.is_owed and refund.amount <= borne:
            borne -= refund.amount
            refund.taken_by_bank = True
            await books.refund_by_bank(refund)
            await uow.payments.save_refund(refund)


async def take_over_transfer(
    uow: UnitOfWork, *, booking_id: BookingId, payout_id: PayoutId, seen: ProviderTransfer, ids: Ids, now: datetime
) -> None:
    booking = await uow.bookings.get(booking_id, for_update=True)
    payout = await uow.payouts.get(payout_id)
    if not payout.is_transferred_by(seen.key) or not payout.observe(seen.id, amount=seen.amount, at=now):
        return
    await Books(uow=uow, ids=ids, now=now).payout(payout)
    booking.record_payout(at=now)
    await uow.payouts.save(payout)
    await uow.bookings.save(booking)


async def take_over_chargeback(
    uow: UnitOfWork, *, payment: Payment, seen: ProviderChargeback, ids: Ids, now: datetime
) -> None:
    """While it is open, the caregiver's share waits. What is lost is taken from both shares, and back from him if he
    has it already."""
    if seen.is_inquiry:
        # The bank has taken nothing: the books stay as they are, and nobody's share waits for an answer.
        return
    booking = await uow.bookings.get(payment.booking_id, for_update=True)
    books = Books(uow=uow, ids=ids, now=now)
    chargeback = await uow.chargebacks.by_provider_id(seen.id)
    if chargeback is None:
        chargeback = Chargeback.open(
            id=ChargebackId(ids.new()),
            booking_id=booking.id,
            payment_id=payment.id,
            provider_chargeback_id=seen.id,
            amount=seen.amount,
            reason=seen.reason,
            at=now,
            evidence_due_by=seen.evidence_due_by,
        )
        await uow.chargebacks.add(chargeback)
        await books.chargeback_opened(chargeback)
        if booking.payment_id == payment.id:
            # Other money is nobody's share.
            booking.freeze_payout()
    status = ChargebackStatus(seen.status.value)
    is_decided = chargeback.observe(status, evidence_due_by=seen.evidence_due_by, at=now)
    await uow.chargebacks.save(chargeback)
    if is_decided and status is ChargebackStatus.WON:
        await books.chargeback_won(chargeback)
    elif is_decided:
        await _lose(uow, booking, await uow.payments.get(payment.id), chargeback, books)
    if is_decided and not await uow.chargebacks.is_any_open(booking.id) and booking.release_payout():
        await resume_payout(uow, booking.id)
    await uow.bookings.save(booking)


async def _lose(uow: UnitOfWork, booking: Booking, payment: Payment, chargeback: Chargeback, books: Books) -> None:
    """Only money that the booking counts was anybody's to lose but the platform's."""
    nothing = Money.zero(chargeback.amount.currency)
    taken = booking.lose_to_bank(chargeback.amount if booking.payment_id == payment.id else nothing)
    payment.lose_to_bank(taken)
    await uow.payments.save(payment)
    await books.chargeback_lost(booking, chargeback, taken=taken)
    await settle_by_bank(uow, booking.id, books)
    if await uow.payouts.of_booking(booking.id) is not None:
        await enqueue_reversal(uow, booking.id, because_of=chargeback.id)


async def _count(uow: UnitOfWork, booking: Booking, payment: Payment, ids: Ids, now: datetime) -> None:
    books = Books(uow=uow, ids=ids, now=now)
    outcome = booking.mark_paid(payment_id=payment.id, captured=payment.captured, at=now, quote_id=payment.quote_id)
    if outcome is MoneyOutcome.GIVE_BACK:
        booking.give_up_change(payment.quote_id, at=now)
        await books.stray_charge(booking, payment)
        await _give_back(uow, booking, payment, ids, now)
    else:
        await books.charge(booking, payment)
        await enqueue_cancel_of_open_payments(uow, booking.id, but=payment.id)
    await uow.bookings.save(booking)


async def _pay_change(
    uow: UnitOfWork, booking: Booking, payment: Payment, quote: Quote, ids: Ids, now: datetime
) -> None:
    """The whole new price takes the place of what was paid, which goes back whole."""
    given = await _given_back(uow, booking)
    await send_back(uow, booking, booking.leave_payment(), reason="booking changed, and paid anew", ids=ids, now=now)
    booking.pay_change(quote, payment_id=payment.id, at=now)
    await Books(uow=uow, ids=ids, now=now).charge(booking, payment)
    await enqueue_cancel_of_open_payments(uow, booking.id, but=payment.id)
    await send_back(uow, booking, booking.give_back_again(given), reason="given back before", ids=ids, now=now)
    await uow.bookings.move(booking)


async def _given_back(uow: UnitOfWork, booking: Booking) -> Money:
    """Of the price that counts: what an admin decided to. What the owner's bank took is no gift."""
    if booking.payment_id is None:
        raise ValueError(f"booking {booking.id} is paid anew, and was not paid before")
    counted = await uow.payments.get(PaymentId(booking.payment_id))
    refunds = await uow.payments.refunds_of_booking(booking.id)
    # One that failed and was made again is the same money.
    decided = [each for each in refunds if each.payment_id == counted.id and each.retried_as is None]
    taken_by_bank = counted.refunded - sum((each.amount for each in decided), Money.zero(counted.refunded.currency))
    return booking.gross - booking.kept - taken_by_bank


async def _give_back(uow: UnitOfWork, booking: Booking, payment: Payment, ids: Ids, now: datetime) -> None:
    refund = payment.give_back(
        payment.captured,
        id=RefundId(ids.new()),
        number=booking.next_refund_number(),
        reason="money arrived too late",
        at=now,
    )
    await uow.payments.save(payment)
    await uow.payments.add_refund(refund)
    await enqueue_refund(uow, refund)
