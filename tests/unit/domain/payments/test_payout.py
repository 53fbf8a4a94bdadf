"""A payout, its reversals, and the states they may take."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.bookings.booking_life import BookingId
from domain.payments.idempotency_keys import KeyKind, key_of, subject_of
from domain.payments.payout import (
    Payout,
    PayoutFailed,
    PayoutId,
    PayoutNotFailed,
    PayoutSent,
    PayoutStatus,
    PayoutUnsettled,
    Reversal,
    ReversalId,
    ReversalStatus,
)
from domain.shared.money import Money
from tests.support.builders import CAREGIVER, NOW, euros, identified

BOOKING = BookingId(identified("booking"))
LATER = NOW + timedelta(days=1)


def a_payout(*, share: str = "16.00", debt: str = "0.00") -> Payout:
    assert CAREGIVER.caregiver_id is not None
    return Payout.decide(
        id=PayoutId(identified("payout")),
        booking_id=BOOKING,
        caregiver_id=CAREGIVER.caregiver_id,
        destination="acct_1",
        charge_id="ch_1",
        share=euros(share),
        debt=euros(debt),
        at=NOW,
    )


def a_paid_payout(*, share: str = "16.00", debt: str = "0.00") -> Payout:
    payout = a_payout(share=share, debt=debt)
    assert payout.ask(share=euros(share), at=LATER)
    assert payout.observe("tr_1", amount=payout.amount, at=LATER)
    return payout


def test_all_of_the_share_is_to_be_transferred_when_there_is_no_debt() -> None:
    payout = a_payout()
    assert (payout.amount, payout.netted, payout.status) == (euros("16.00"), euros("0.00"), PayoutStatus.SENDING)
    assert (payout.key, payout.reference) == (f"transfer:{BOOKING}:1", f"booking_{BOOKING}")
    assert (payout.destination, payout.charge_id, payout.booking_id) == ("acct_1", "ch_1", BOOKING)
    assert (payout.id, payout.caregiver_id) == (identified("payout"), CAREGIVER.caregiver_id)
    assert (payout.decided_at, payout.settled_at, payout.events) == (NOW, None, [])
    assert (payout.transferred, payout.is_unsettled) == (Money.zero(), True)


def test_the_transfer_of_any_attempt_is_the_transfer_of_the_payout() -> None:
    payout, other = a_payout(), BookingId(identified("other"))
    assert payout.is_transferred_by(payout.key)
    assert payout.is_transferred_by(f"transfer:{BOOKING}:7")
    for key in (None, "", f"transfer:{other}:1", f"refund:{BOOKING}:1"):
        assert not payout.is_transferred_by(key)


def test_a_debt_is_paid_first() -> None:
    payout = a_payout(debt="5.00")
    assert (payout.amount, payout.netted, payout.status) == (euros("11.00"), euros("5.00"), PayoutStatus.SENDING)


@pytest.mark.parametrize("debt", ["16.00", "20.00"])
def test_a_share_that_pays_a_debt_alone_is_settled_at_once(debt: str) -> None:
    payout = a_payout(debt=debt)
    assert (payout.amount, payout.netted, payout.status) == (euros("0.00"), euros("16.00"), PayoutStatus.NETTED)
    assert (payout.settled_at, payout.is_unsettled, payout.ask(share=euros("16.00"), at=LATER)) == (NOW, False, False)


def test_a_transfer_that_was_made_is_seen_once() -> None:
    payout = a_paid_payout()
    assert (payout.status, payout.transfer_id, payout.settled_at) == (PayoutStatus.PAID, "tr_1", LATER)
    assert (payout.transferred, payout.is_unsettled) == (euros("16.00"), False)
    assert not payout.observe("tr_2", amount=euros("1.00"), at=LATER + timedelta(days=1))
    payout.fail("too late", at=LATER)
    payout.was_not_sent()
    assert not payout.ask(share=euros("1.00"), at=LATER)
    assert payout.amount == euros("16.00")
    assert (payout.status, payout.transfer_id, payout.error) == (PayoutStatus.PAID, "tr_1", None)
    sent = PayoutSent(at=LATER, payout_id=payout.id, booking_id=BOOKING, caregiver_id=payout.caregiver_id)
    assert payout.events == [sent]


def test_an_unknown_one_may_turn_out_either_way() -> None:
    paid, failed = a_payout(), a_payout()
    for payout in (paid, failed):
        assert payout.ask(share=euros("16.00"), at=LATER)
        assert (payout.status, payout.is_unsettled) == (PayoutStatus.UNKNOWN, True)
    assert paid.observe("tr_1", amount=euros("15.00"), at=LATER)
    assert paid.transferred == euros("15.00"), "the provider's word counts"
    failed.fail("no such account", at=LATER)
    assert (failed.status, failed.error, failed.settled_at) == (PayoutStatus.FAILED, "no such account", LATER)
    failed.fail("again", at=LATER)
    told = PayoutFailed(at=LATER, payout_id=failed.id, booking_id=BOOKING, caregiver_id=failed.caregiver_id)
    assert (failed.error, failed.events) == ("no such account", [told])
    assert failed.transferred == Money.zero()


def test_only_a_failed_one_is_sent_again_at_the_share_of_now() -> None:
    payout = a_payout()
    with pytest.raises(PayoutNotFailed, match="sending"):
        payout.send_again(destination="acct_2", share=euros("10.00"), debt=euros("3.00"), at=LATER)
    payout.fail("closed", at=LATER)
    assert payout.send_again(destination="acct_2", share=euros("10.00"), debt=euros("3.00"), at=LATER) == euros("3.00")
    assert (payout.attempt, payout.key, payout.destination) == (2, f"transfer:{BOOKING}:2", "acct_2")
    assert (payout.amount, payout.netted, payout.status) == (euros("7.00"), euros("3.00"), PayoutStatus.SENDING)
    assert (payout.decided_at, payout.error, payout.settled_at) == (LATER, None, None)


def test_what_was_netted_before_is_not_paid_again() -> None:
    payout = a_payout(debt="6.00")
    payout.fail("closed", at=LATER)
    assert payout.send_again(destination="acct_2", share=euros("16.00"), debt=euros("0.00"), at=LATER) == Money.zero()
    assert (payout.amount, payout.netted) == (euros("10.00"), euros("6.00"))
    payout.fail("closed", at=LATER)
    payout.send_again(destination="acct_2", share=euros("4.00"), debt=euros("0.00"), at=LATER)
    assert (payout.amount, payout.status, payout.settled_at) == (Money.zero(), PayoutStatus.NETTED, LATER)


def test_what_is_too_much_is_reversed_and_no_more() -> None:
    payout = a_paid_payout()
    assert payout.to_reverse(euros("16.00")) == Money.zero()
    assert payout.to_reverse(euros("12.00")) == euros("4.00")
    assert payout.to_reverse(euros("20.00")) == Money.zero()
    payout.reversed = euros("3.00")
    payout.owed = euros("0.50")
    assert payout.to_reverse(euros("12.00")) == euros("0.50")


def test_what_paid_a_debt_counts_as_received() -> None:
    assert a_paid_payout(debt="6.00").to_reverse(euros("12.00")) == euros("4.00")
    assert a_payout(debt="16.00").to_reverse(euros("12.00")) == euros("4.00")


def test_nothing_is_reversed_while_it_is_not_known_what_was_sent() -> None:
    with pytest.raises(PayoutUnsettled):
        replace(a_payout(), status=PayoutStatus.UNKNOWN).to_reverse(Money.zero())
    assert a_payout().to_reverse(Money.zero()) == Money.zero(), "it is asked for at the share of then"


def test_what_was_not_asked_for_yet_is_asked_for_at_the_share_of_now() -> None:
    payout = a_payout(debt="5.00")
    assert payout.ask(share=euros("12.00"), at=LATER)
    assert (payout.amount, payout.netted, payout.status) == (euros("7.00"), euros("5.00"), PayoutStatus.UNKNOWN)
    assert payout.ask(share=euros("6.00"), at=LATER)
    assert payout.amount == euros("7.00"), "what was asked for once is asked for as it was"
    payout.was_not_sent()
    assert payout.status is PayoutStatus.SENDING
    assert not payout.ask(share=euros("5.00"), at=LATER)
    assert (payout.amount, payout.status, payout.settled_at) == (Money.zero(), PayoutStatus.NETTED, LATER)


def a_reversal() -> Reversal:
    return a_paid_payout().take_back(euros("4.00"), id=ReversalId(identified("reversal")), at=LATER)


def test_reversals_are_numbered() -> None:
    payout = a_paid_payout()
    numbers = [payout.take_back(euros("1.00"), id=ReversalId(identified(name)), at=LATER).number for name in ("a", "b")]
    assert (numbers, payout.reversal_count) == ([1, 2], 2)
    reversal = a_reversal()
    assert (reversal.key, reversal.amount, reversal.created_at) == (f"rev:{BOOKING}:1", euros("4.00"), LATER)
    assert (reversal.status, reversal.payout_id) == (ReversalStatus.PENDING, PayoutId(identified("payout")))
    assert (reversal.id, reversal.booking_id) == (identified("reversal"), BOOKING)


def test_a_reversal_ends_once() -> None:
    made, refused = a_reversal(), a_reversal()
    assert made.succeed("trr_1", at=LATER)
    assert not made.succeed("trr_2", at=LATER)
    assert not made.refuse("late", at=LATER)
    assert (made.status, made.provider_reversal_id, made.settled_at) == (ReversalStatus.SUCCEEDED, "trr_1", LATER)
    assert refused.refuse("empty", at=LATER)
    assert not refused.refuse("again", at=LATER)
    assert not refused.succeed("trr_1", at=LATER)
    assert (refused.status, refused.error, refused.settled_at) == (ReversalStatus.REFUSED, "empty", LATER)


def test_keys_name_what_happens_once() -> None:
    key = key_of(KeyKind.REFUND, BOOKING, 3)
    assert key == f"refund:{BOOKING}:3"
    assert subject_of(key, KeyKind.REFUND) == (BOOKING, 3)
    for other in (
        None,
        "",
        "refund",
        f"refund:{BOOKING}",
        f"refund:{BOOKING}:x",
        f"refund:{BOOKING}:3:4",
        "refund:x:3",
    ):
        assert subject_of(other, KeyKind.REFUND) is None
    assert subject_of(key, KeyKind.TRANSFER) is None
