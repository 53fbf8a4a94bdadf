"""Whole lives of a booking, whatever its people do in whatever order: its sums always hold."""

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.bookings.booking import Booking, MoneyOutcome
from domain.bookings.booking_life import BookingStatus, PayoutState
from domain.bookings.care_report import CareReport
from domain.bookings.dispute import DisputeDecision
from domain.bookings.pricing import commission_of
from domain.bookings.quote import Quote, QuoteId
from domain.caregivers.caregiver_profile import CancellationPolicy
from domain.payments.payment import Payment, PaymentId, PaymentStatus
from domain.payments.refund import Refund, RefundId
from domain.shared.errors import DomainError
from domain.shared.money import Money
from domain.shared.period import Period
from tests.support.builders import ADMIN, CAREGIVER, NOW, OWNER, a_booking, a_caregiver, a_pet, a_quote

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZERO = Money.zero()
PETS = tuple(a_pet(name) for name in ("Rex", "Fido", "Bella"))


@dataclass(slots=True)
class Life:
    """A booking with its payments and refunds, kept together as the use cases do. `size` is what an act is given;
    `left` are payments whose place another has taken."""

    booking: Booking
    instant_book: bool
    now: datetime = NOW
    size: int = 0
    payments: list[Payment] = field(default_factory=list[Payment])
    refunds: list[Refund] = field(default_factory=list[Refund])
    quotes: dict[QuoteId, Quote] = field(default_factory=dict[QuoteId, Quote])
    left: list[UUID] = field(default_factory=list[UUID])
    numbers: int = 0

    def number(self) -> UUID:
        self.numbers += 1
        return UUID(int=self.numbers)

    def accept(self) -> None:
        self.booking.accept(by=CAREGIVER, at=self.now)

    def decline(self) -> None:
        self.booking.decline(by=CAREGIVER, at=self.now)

    def expire(self) -> None:
        self.booking.expire(at=self.now)

    def change(self) -> None:
        """To other pets, another length and another price of the caregiver; mostly a lower one."""
        start = self.booking.period.start + (self.size % 3) * HOUR
        hours = 1 + self.size % 2
        times = 1 + self.size % (120 if self.size % 5 == 0 else 100)
        cents = max(1, self.booking.gross.amount_cents * times // 100 // hours)
        quote = a_quote(
            period=Period(start, start + hours * HOUR),
            price=f"{cents // 100}.{cents % 100:02d}",
            pets=PETS[: 1 + self.size % 3],
            at=self.now,
        )
        quote = replace(quote, id=QuoteId(self.number()))
        self.quotes[quote.id] = quote
        caregiver = a_caregiver(instant_book=self.instant_book)
        self.send_back(self.booking.change(quote, by=OWNER, caregiver=caregiver, at=self.now))

    def accept_change(self) -> None:
        """What is asked for, or, now and then, what was asked for once."""
        asked = self.booking.proposal
        quotes = list(self.quotes.values())
        if not quotes:
            return
        quote = quotes[self.size % len(quotes)] if asked is None or self.size % 5 == 0 else self.quotes[asked.quote_id]
        self.send_back(self.booking.accept_change(quote, by=CAREGIVER, at=self.now))

    def decline_change(self) -> None:
        self.booking.decline_change(by=CAREGIVER, at=self.now)

    def withdraw_change(self) -> None:
        self.booking.withdraw_change(by=OWNER, at=self.now)

    def pay_for_what_is_dearer(self) -> None:
        """As far as the caregiver agrees, and after what was asked for first has been paid."""
        while self.booking.status in (BookingStatus.PENDING, BookingStatus.ACCEPTED):
            try:
                self.go_on()
            except DomainError:
                return
        self.size = 110 + 120 * (self.size % 50)
        with suppress(DomainError):
            self.change()
        self.size = 1
        with suppress(DomainError):
            self.accept_change()
        with suppress(DomainError):
            self.open_payment()
            self.money_arrives()

    def open_payment(self) -> None:
        terms = self.booking.require_payable(by=OWNER, at=self.now)
        opened = Payment.open(
            id=PaymentId(self.number()),
            booking_id=self.booking.id,
            attempt=len(self.payments) + 1,
            provider="sandbox",
            amount=self.booking.gross if terms == self.booking.quote_id else self.quotes[terms].gross,
            at=self.now,
            quote_id=terms,
        )
        self.payments.append(opened)

    def money_arrives(self) -> None:
        """For any payment that was ever opened, the latest mostly; also when it arrived before."""
        if not self.payments:
            return
        payment = self.payments[-1 - (self.size % len(self.payments) if self.size % 5 == 0 else 0)]
        newly = payment.observe(provider_payment_id="pi", status=PaymentStatus.SUCCEEDED, charge_id="ch")
        if newly and self.arrived(payment) is MoneyOutcome.GIVE_BACK:
            self.refund(payment, payment.captured)

    def pay_for_what_was(self) -> None:
        """The owner pays while he changes the booking."""
        self.open_payment()
        self.change()
        self.money_arrives()

    def arrived(self, payment: Payment) -> MoneyOutcome:
        booking, wished = self.booking, payment.quote_id
        if wished is not None and booking.awaits_money_for(wished, at=self.now) and booking.payment_id is not None:
            given = booking.gross - booking.kept
            self.left.append(booking.payment_id)
            self.send_back(booking.leave_payment())
            booking.pay_change(self.quotes[wished], payment_id=payment.id, at=self.now)
            self.send_back(booking.give_back_again(given))
            return MoneyOutcome.PAID
        return self.booking.mark_paid(
            payment_id=payment.id, captured=payment.captured, at=self.now, quote_id=payment.quote_id
        )

    def cancel(self) -> None:
        by = (OWNER, CAREGIVER, ADMIN)[self.size % 3]
        was_over = self.booking.status is BookingStatus.CANCELLED
        fault = self.size % 2 == 0
        shown = None if was_over else self.booking.terms_of_cancellation(by=by, at=self.now, caregiver_fault=fault)
        terms = self.booking.cancel(by=by, at=self.now, caregiver_fault=fault)
        assert terms == shown
        if terms is not None:
            assert terms.fee >= ZERO
            self.send_back(terms.refund)

    def check_in(self) -> None:
        self.booking.check_in(CareReport(at=self.now), by=CAREGIVER)

    def check_out(self) -> None:
        self.booking.check_out(CareReport(at=self.now), by=CAREGIVER)

    def complete(self) -> None:
        self.booking.complete(at=self.now)

    def dispute(self) -> None:
        self.booking.open_dispute(by=OWNER, at=self.now, reason="Nobody came")

    def decide(self) -> None:
        decision = list(DisputeDecision)[self.size % 3]
        amount = Money(self.size) if decision is DisputeDecision.REFUND_PART else None
        self.send_back(self.booking.decide_dispute(decision, by=ADMIN, at=self.now, amount=amount))

    def give_back(self) -> None:
        amount = None if self.size % 5 == 0 else Money(self.size)
        self.send_back(self.booking.give_back(amount, by=ADMIN))

    def go_on(self) -> None:
        """What comes next in the life of a booking that nobody troubles, at the time for it."""
        booking = self.booking
        match booking.status:
            case BookingStatus.PENDING:
                self.accept()
            case BookingStatus.ACCEPTED:
                self.now = max(self.now, booking.pay_window_opens_at or self.now)
                self.open_payment()
                self.size = 1
                self.money_arrives()
            case BookingStatus.PAID:
                self.now = max(self.now, booking.period.start)
                self.check_in()
            case BookingStatus.IN_PROGRESS:
                self.check_out()
            case BookingStatus.COMPLETED:
                self.dispute()
            case BookingStatus.DISPUTED:
                self.decide()
            case _:
                self.give_back()

    def send_back(self, amount: Money) -> None:
        """As `decided_refunds.send_back`."""
        if self.booking.payment_id is None or amount <= ZERO:
            return
        (counted,) = (payment for payment in self.payments if payment.id == self.booking.payment_id)
        self.refund(counted, amount)

    def refund(self, payment: Payment, amount: Money) -> None:
        number = self.booking.next_refund_number()
        self.refunds.append(
            payment.give_back(amount, id=RefundId(self.number()), number=number, reason="tests", at=self.now)
        )


ACTS: list[Callable[[Life], None]] = [
    Life.accept,
    Life.decline,
    Life.expire,
    Life.change,
    Life.accept_change,
    Life.decline_change,
    Life.withdraw_change,
    Life.open_payment,
    Life.money_arrives,
    Life.cancel,
    Life.check_in,
    Life.check_out,
    Life.complete,
    Life.dispute,
    Life.decide,
    Life.give_back,
]
# Otherwise most lives would be over before there is money in them.
acts = st.one_of(
    st.just(Life.go_on),
    st.sampled_from(ACTS),
    st.sampled_from([Life.change, Life.go_on, Life.give_back, Life.pay_for_what_was, Life.cancel]),
    st.sampled_from([Life.pay_for_what_is_dearer, Life.accept_change]),
)
waits = st.sampled_from([timedelta(0), timedelta(0), timedelta(0), HOUR, DAY, 3 * DAY])
steps = st.lists(st.tuples(acts, waits, st.integers(0, 10_000)), max_size=14)


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(CancellationPolicy), st.booleans(), st.sampled_from([1, 5, 30, 100]), st.integers(1, 99_999), steps
)
def test_whatever_happens_no_more_goes_back_than_came_and_every_sum_holds(
    policy: CancellationPolicy,
    instant_book: bool,
    days: int,
    cents: int,
    life_of: list[tuple[Callable[[Life], None], timedelta, int]],
) -> None:
    start = NOW + days * DAY
    booking = a_booking(
        period=Period(start, start + 2 * HOUR),
        price=f"{cents // 100}.{cents % 100:02d}",
        policy=policy,
        instant_book=instant_book,
    )
    life = Life(booking, instant_book)
    for act, wait, size in life_of:
        life.now, life.size = life.now + wait, size
        before = deepcopy(life)
        try:
            act(life)
        except DomainError:
            assert life.booking == before.booking, "a refusal changes nothing"
            life.payments, life.refunds = before.payments, before.refunds
        check_sums(life)


def check_sums(life: Life) -> None:
    booking = life.booking
    assert ZERO <= booking.refunded <= booking.captured
    assert booking.commission == commission_of(booking.gross)
    assert booking.gross == booking.commission + booking.net
    assert min(booking.gross, booking.commission, booking.net, booking.payout) >= ZERO
    # What is kept is never more than the price, and is split as it is.
    assert booking.kept <= booking.gross
    assert booking.payout + commission_of(booking.kept) == booking.kept
    owed = booking.kept > ZERO and booking.status in (BookingStatus.COMPLETED, BookingStatus.CANCELLED)
    assert (booking.payout_state is PayoutState.SCHEDULED) == owed
    check_payments(life)


def check_payments(life: Life) -> None:
    """Money that counts is the booking's; all other money goes back whole."""
    booking = life.booking
    before = Money(sum(payment.captured.amount_cents for payment in life.payments if payment.id in life.left))
    for payment in life.payments:
        back = Money(sum(refund.amount.amount_cents for refund in life.refunds if refund.payment_id == payment.id))
        assert back == payment.refunded <= payment.captured
        if payment.id == booking.payment_id:
            assert (payment.captured + before, back + before) == (booking.captured, booking.refunded)
        else:
            assert back == payment.captured
    assert [refund.number for refund in life.refunds] == list(range(1, booking.refund_count + 1))
    assert all(refund.amount > ZERO for refund in life.refunds)
