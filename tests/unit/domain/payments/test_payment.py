"""Payments and refunds as the provider tells them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bookings.booking_life import BookingId
from domain.bookings.quote import QuoteId
from domain.payments.payment import Payment, PaymentId, PaymentStatus
from domain.payments.refund import Refund, RefundFailed, RefundId, RefundMade, RefundNotFailed, RefundStatus
from domain.shared.money import Money
from tests.support.builders import NOW, a_payment, euros, identified

HOUR = timedelta(hours=1)


def observe(payment: Payment, status: PaymentStatus, error: str | None = None) -> bool:
    charge = "ch_1" if status is PaymentStatus.SUCCEEDED else None
    return payment.observe(provider_payment_id="pi_1", status=status, charge_id=charge, error=error)


def a_captured_payment(amount: str = "20.00") -> Payment:
    payment = a_payment(amount=amount)
    observe(payment, PaymentStatus.SUCCEEDED)
    return payment


def a_refund(payment: Payment | None = None, amount: str = "10.00", number: int = 1) -> Refund:
    return (payment or a_captured_payment()).give_back(
        euros(amount), id=RefundId(identified(f"refund {number}")), number=number, reason="cancelled", at=NOW
    )


def test_keys_name_the_booking_and_the_attempt() -> None:
    payment, booking = a_payment(attempt=2), BookingId(identified("booking"))
    assert (payment.key, payment.cancel_key) == (f"pay:{booking}:2", f"cancel:{booking}:2")
    assert payment.reference == f"booking_{booking}"
    assert a_refund(number=3).key == f"refund:{booking}:3"


def test_money_arrives_once() -> None:
    payment = a_payment()
    assert observe(payment, PaymentStatus.SUCCEEDED) is True
    assert observe(payment, PaymentStatus.SUCCEEDED) is False
    assert (payment.captured, payment.captured_charge_id) == (euros("20.00"), "ch_1")


@pytest.mark.parametrize("later", PaymentStatus)
def test_a_payment_that_succeeded_is_never_lowered(later: PaymentStatus) -> None:
    payment = a_captured_payment()
    assert observe(payment, later, error="card_declined") is False
    assert (payment.status, payment.captured, payment.error) == (PaymentStatus.SUCCEEDED, euros("20.00"), None)


def test_a_declined_card_leaves_the_payment_open_and_its_error_is_kept() -> None:
    payment = a_payment()
    observe(payment, PaymentStatus.PROCESSING)
    assert observe(payment, PaymentStatus.AWAITING_PAYMENT, error="card_declined") is False
    assert (payment.is_open, payment.error) == (True, "card_declined")


def test_a_cancelled_payment_can_only_turn_out_to_have_succeeded() -> None:
    payment = a_payment()
    observe(payment, PaymentStatus.CANCELLED)
    observe(payment, PaymentStatus.PROCESSING)
    assert payment.status is PaymentStatus.CANCELLED
    assert observe(payment, PaymentStatus.SUCCEEDED) is True


def test_a_refused_payment_is_over() -> None:
    payment = a_payment()
    payment.refuse("amount_too_small")
    assert (payment.status, payment.error) == (PaymentStatus.CANCELLED, "amount_too_small")
    assert not payment.is_open


def test_a_refusal_cannot_undo_a_success() -> None:
    payment = a_captured_payment()
    payment.refuse("late")
    assert payment.status is PaymentStatus.SUCCEEDED


def test_a_success_without_a_charge_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="without a charge"):
        a_payment().observe(provider_payment_id="pi_1", status=PaymentStatus.SUCCEEDED)
    with pytest.raises(ValueError, match="captured nothing"):
        _ = a_payment().captured_charge_id


@given(statuses=st.lists(st.sampled_from(PaymentStatus)))
def test_whatever_the_order_of_the_news_money_arrives_at_most_once(statuses: list[PaymentStatus]) -> None:
    payment = a_payment()
    arrivals = sum(observe(payment, status) for status in statuses)
    assert arrivals == (PaymentStatus.SUCCEEDED in statuses)
    assert payment.captured == (payment.amount if arrivals else Money(0))


def test_nothing_goes_back_that_did_not_come() -> None:
    for payment, amount in ((a_payment(), "0.01"), (a_captured_payment(), "20.01"), (a_captured_payment(), "0")):
        with pytest.raises(ValueError, match="cannot be refunded"):
            a_refund(payment, amount)


@given(amounts=st.lists(st.integers(1, 3000), max_size=10))
def test_refunds_never_add_up_to_more_than_was_captured(amounts: list[int]) -> None:
    payment = a_captured_payment()
    for number, cents in enumerate(amounts, start=1):
        try:
            payment.give_back(
                Money(cents), id=RefundId(identified(f"refund {number}")), number=number, reason="", at=NOW
            )
        except ValueError:
            assert Money(cents) > payment.captured - payment.refunded
    assert Money(0) <= payment.refunded <= payment.captured


def test_a_refund_is_pending_until_the_provider_made_it() -> None:
    refund = a_refund()
    assert (refund.status, refund.is_asked_for) == (RefundStatus.PENDING, False)
    refund.observe(provider_refund_id="re_1", status=RefundStatus.PENDING, at=NOW)
    assert (refund.status, refund.is_asked_for, refund.events) == (RefundStatus.PENDING, True, [])
    refund.observe(provider_refund_id="re_1", status=RefundStatus.SUCCEEDED, at=NOW + HOUR)
    assert (refund.status, refund.settled_at) == (RefundStatus.SUCCEEDED, NOW + HOUR)
    assert [type(event) for event in refund.events] == [RefundMade]


def test_a_refund_is_told_of_once() -> None:
    refund = a_refund()
    for _ in range(2):
        refund.observe(provider_refund_id="re_1", status=RefundStatus.SUCCEEDED, at=NOW)
    assert len(refund.events) == 1


def test_a_refund_may_fail_long_after_it_succeeded() -> None:
    refund = a_refund()
    refund.observe(provider_refund_id="re_1", status=RefundStatus.SUCCEEDED, at=NOW)
    refund.observe(provider_refund_id="re_1", status=RefundStatus.FAILED, at=NOW + 30 * 24 * HOUR)
    assert refund.status is RefundStatus.FAILED
    assert [type(event) for event in refund.events] == [RefundMade, RefundFailed]


def test_a_failed_refund_stays_failed() -> None:
    refund = a_refund()
    refund.fail("charge_disputed", at=NOW)
    refund.fail("again", at=NOW + HOUR)
    refund.observe(provider_refund_id="re_1", status=RefundStatus.SUCCEEDED, at=NOW + HOUR)
    assert (refund.status, refund.error, refund.settled_at) == (RefundStatus.FAILED, "charge_disputed", NOW)
    assert [type(event) for event in refund.events] == [RefundFailed]


def test_what_a_bank_takes_counts_as_given_back_and_never_beyond_what_is_left() -> None:
    payment = a_captured_payment()
    payment.lose_to_bank(euros("15.00"))
    assert payment.refunded == euros("15.00")
    payment.lose_to_bank(euros("15.00"))
    assert payment.refunded == payment.captured


def test_only_a_failed_refund_is_made_again_and_once() -> None:
    refund = a_refund()
    with pytest.raises(RefundNotFailed, match="pending"):
        refund.again(id=RefundId(identified("another")), number=2, at=NOW + HOUR)
    refund.fail("expired_card", at=NOW)
    again = refund.again(id=RefundId(identified("another")), number=2, at=NOW + HOUR)
    assert (refund.retried_as, refund.is_failed) == (2, True)
    assert (again.id, again.number, again.amount, again.reason) == (
        identified("another"),
        2,
        refund.amount,
        "cancelled",
    )
    assert (again.payment_id, again.booking_id, again.created_at) == (refund.payment_id, refund.booking_id, NOW + HOUR)
    assert (again.status, again.is_asked_for, again.is_failed) == (RefundStatus.PENDING, False, False)
    with pytest.raises(RefundNotFailed, match="failed"):
        refund.again(id=RefundId(identified("third")), number=3, at=NOW)


def test_a_payment_is_opened_with_what_is_asked_for() -> None:
    booking, quote = BookingId(identified("booking")), QuoteId(identified("quote"))
    payment = Payment.open(
        id=PaymentId(identified("payment")),
        booking_id=booking,
        attempt=2,
        provider="stripe",
        amount=euros("20.00"),
        at=NOW,
        quote_id=quote,
    )
    assert (payment.id, payment.booking_id, payment.attempt) == (identified("payment"), booking, 2)
    assert (payment.provider, payment.amount, payment.created_at) == ("stripe", euros("20.00"), NOW)
    assert (payment.quote_id, payment.status, payment.captured) == (quote, PaymentStatus.AWAITING_PAYMENT, Money(0))


def test_what_came_counts_and_not_what_was_asked_for() -> None:
    payment = a_payment()
    assert payment.observe(
        provider_payment_id="pi_7", status=PaymentStatus.SUCCEEDED, charge_id="ch_7", amount=euros("19.00")
    )
    assert (payment.captured, payment.provider_payment_id, payment.charge_id) == (euros("19.00"), "pi_7", "ch_7")


def test_a_refund_says_of_what_it_is_and_why() -> None:
    payment = a_captured_payment()
    refund = a_refund(payment, "8.00", number=4)
    assert (refund.id, refund.payment_id, refund.booking_id) == (identified("refund 4"), payment.id, payment.booking_id)
    assert (refund.number, refund.amount, refund.reason, refund.created_at) == (4, euros("8.00"), "cancelled", NOW)
    assert payment.refunded == euros("8.00")
    a_refund(payment, "12.00", number=5)
    assert payment.refunded == payment.captured


def test_news_of_a_refund_name_it() -> None:
    made, failed = a_refund(), a_refund()
    assert made.observe(provider_refund_id="re_1", status=RefundStatus.SUCCEEDED, at=NOW + HOUR)
    assert made.events == [RefundMade(at=NOW + HOUR, refund_id=made.id, booking_id=made.booking_id)]
    assert failed.observe(provider_refund_id="re_2", status=RefundStatus.FAILED, at=NOW + HOUR, error="closed")
    assert failed.events == [RefundFailed(at=NOW + HOUR, refund_id=failed.id, booking_id=failed.booking_id)]
    assert (failed.error, failed.settled_at, failed.provider_refund_id) == ("closed", NOW + HOUR, "re_2")
    assert failed.observe(provider_refund_id="re_2", status=RefundStatus.FAILED, at=NOW), "told again, it is still it"
    silent = a_refund()
    silent.observe(provider_refund_id="re_3", status=RefundStatus.FAILED, at=NOW)
    assert silent.error == "failed at the provider"


def test_another_refund_under_the_same_key_is_not_ours() -> None:
    refund = a_refund()
    refund.observe(provider_refund_id="re_1", status=RefundStatus.PENDING, at=NOW)
    assert not refund.observe(provider_refund_id="re_2", status=RefundStatus.SUCCEEDED, at=NOW)
    assert (refund.provider_refund_id, refund.status, refund.events) == ("re_1", RefundStatus.PENDING, [])


def test_what_the_bank_got_the_owner_is_not_owed_any_more() -> None:
    pending, failed, asked, again = a_refund(), a_refund(), a_refund(), a_refund()
    failed.fail("charge disputed", at=NOW)
    asked.observe(provider_refund_id="re_1", status=RefundStatus.PENDING, at=NOW)
    again.fail("expired", at=NOW)
    again.again(id=RefundId(identified("another")), number=2, at=NOW)
    assert [refund.is_owed for refund in (pending, failed, asked, again)] == [False, True, False, False]
    failed.taken_by_bank = True
    assert not failed.is_owed
    with pytest.raises(RefundNotFailed, match=r"^The owner's bank has got him the money\.$"):
        failed.again(id=RefundId(identified("another")), number=2, at=NOW)
