"""How a booking of the demonstration came to its state: by the domain's own methods, at instants of the past."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from application.ports.ids import Ids
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingStatus
from domain.bookings.care_report import CareReport
from domain.payments.payment import Payment, PaymentId, PaymentStatus
from domain.payments.refund import Refund, RefundId, RefundStatus
from domain.shared.actor import Actor
from domain.shared.money import Money
from infrastructure.demo.demo_texts import CANCELLATION_REASONS, DECLINE_REASONS, DISPUTE_REASONS
from infrastructure.payments.sandbox_payments import PROVIDER


@dataclass(slots=True, kw_only=True)
class Story:
    """A booking that was requested and waits for its caregiver; each subclass tells on from there."""

    booking: Booking
    owner: Actor
    caregiver: Actor
    admin: Actor
    ids: Ids
    random: Random
    now: datetime
    payment: Payment | None = None
    refunds: list[Refund] = field(default_factory=list[Refund])

    def tell(self, at: int) -> None:
        """Brings the booking to its state; `at` counts the bookings of that state, for stories with several endings."""

    def accept(self) -> None:
        """Within two hours, unless it was accepted at once."""
        if self.booking.status is BookingStatus.PENDING:
            self.booking.accept(by=self.caregiver, at=self._after(self.booking.requested_at, 20, 110))

    def pay(self) -> datetime:
        """The owner pays within hours of the answer; the instant of it."""
        booking = self.booking
        opens = booking.pay_window_opens_at or booking.requested_at
        at = self._after(opens, 10, 240)
        payment = Payment.open(
            id=PaymentId(self.ids.new()),
            booking_id=booking.id,
            attempt=1,
            provider=PROVIDER,
            amount=booking.gross,
            at=at - timedelta(minutes=2),
        )
        payment.observe(
            provider_payment_id=f"sbx_pay_{payment.id.hex}",
            status=PaymentStatus.SUCCEEDED,
            charge_id=f"sbx_ch_{payment.id.hex}",
        )
        booking.mark_paid(payment_id=payment.id, captured=payment.captured, at=at)
        self.payment = payment
        return at

    def _after(self, instant: datetime, least_minutes: int, most_minutes: int) -> datetime:
        return instant + timedelta(minutes=self.random.randint(least_minutes, most_minutes))


class AcceptedStory(Story):
    def tell(self, at: int) -> None:
        del at
        self.accept()


class PaidStory(Story):
    def tell(self, at: int) -> None:
        del at
        self.accept()
        self.pay()


class InProgressStory(PaidStory):
    def tell(self, at: int) -> None:
        super().tell(at)
        checked_in_at = self._after(self.booking.period.start, -15, 10)
        self.booking.check_in(CareReport(at=checked_in_at), by=self.caregiver)


class CompletedStory(InProgressStory):
    def tell(self, at: int) -> None:
        super().tell(at)
        checked_out_at = self._after(self.booking.period.end, -2, 20)
        self.booking.check_out(CareReport(at=checked_out_at), by=self.caregiver)


class DisputedStory(CompletedStory):
    """Inside the 72 hours after completion."""

    def tell(self, at: int) -> None:
        super().tell(at)
        disputed_at = self._after(self.booking.transitions[-1].at, 60, 48 * 60)
        reason = DISPUTE_REASONS[at % len(DISPUTE_REASONS)]
        self.booking.open_dispute(by=self.owner, at=disputed_at, reason=reason)


class DeclinedStory(Story):
    def tell(self, at: int) -> None:
        answered_at = self._after(self.booking.requested_at, 30, 20 * 60)
        self.booking.decline(by=self.caregiver, at=answered_at, reason=DECLINE_REASONS[at % len(DECLINE_REASONS)])


class ExpiredStory(Story):
    """Every other one was accepted, but not paid in time."""

    def tell(self, at: int) -> None:
        if at % 2:
            self.accept()
        self.booking.expire(at=self.booking.pay_until or self.booking.answer_until)


class CancelledStory(Story):
    """In turn: before the answer, before the money, and paid by owner, caregiver and admin."""

    def tell(self, at: int) -> None:
        ending = at % 5
        last = self.booking.requested_at
        if ending >= 1:
            self.accept()
            last = self.booking.accepted_at or last
        if ending >= 2:
            last = self.pay()
        by = {3: self.caregiver, 4: self.admin}.get(ending, self.owner)
        self._cancel(by, last + (min(self.booking.period.start, self.now) - last) * self.random.uniform(0.1, 0.9), at)

    def _cancel(self, by: Actor, cancelled_at: datetime, at: int) -> None:
        reason = CANCELLATION_REASONS[at % len(CANCELLATION_REASONS)]
        # The clock runs out on what is neither answered nor paid.
        for deadline in (self.booking.pay_until, self.booking.answer_until):
            if self.payment is None and deadline is not None:
                cancelled_at = min(cancelled_at, deadline - timedelta(minutes=5))
        terms = self.booking.cancel(by=by, at=cancelled_at.replace(microsecond=0), reason=reason)
        if terms is not None and self.payment is not None and terms.refund > Money.zero():
            self._give_back(self.payment, terms.refund, cancelled_at)

    def _give_back(self, payment: Payment, amount: Money, at: datetime) -> None:
        refund = payment.give_back(
            amount,
            id=RefundId(self.ids.new()),
            number=self.booking.next_refund_number(),
            reason="booking cancelled",
            at=at,
        )
        refund.observe(
            provider_refund_id=f"sbx_re_{refund.id.hex}", status=RefundStatus.SUCCEEDED, at=at + timedelta(minutes=1)
        )
        self.refunds.append(refund)
