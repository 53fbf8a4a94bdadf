"""Chargebacks, and what differs between two books."""

from datetime import timedelta

import pytest

from domain.bookings.booking_life import BookingId
from domain.payments.chargeback import Chargeback, ChargebackId, ChargebackOpened, ChargebackStatus
from domain.payments.difference import Difference, DifferenceGone, DifferenceId, DifferenceKind, difference_of
from domain.shared.money import Money
from tests.support.builders import NOW, euros, identified

LATER = NOW + timedelta(days=1)
DUE = NOW + timedelta(days=7)


def a_chargeback() -> Chargeback:
    return Chargeback.open(
        id=ChargebackId(identified("chargeback")),
        booking_id=BookingId(identified("booking")),
        payment_id=identified("payment"),
        provider_chargeback_id="dp_1",
        amount=euros("20.00"),
        reason="fraudulent",
        at=NOW,
        evidence_due_by=DUE,
    )


def test_a_chargeback_is_opened_with_a_word_to_admins() -> None:
    chargeback = a_chargeback()
    assert (chargeback.status, chargeback.amount, chargeback.reason) == (
        ChargebackStatus.OPENED,
        euros("20.00"),
        "fraudulent",
    )
    assert (chargeback.opened_at, chargeback.evidence_due_by, chargeback.settled_at) == (NOW, DUE, None)
    assert (chargeback.payment_id, chargeback.provider_chargeback_id) == (identified("payment"), "dp_1")
    opened = ChargebackOpened(at=NOW, chargeback_id=chargeback.id, booking_id=chargeback.booking_id)
    assert chargeback.events == [opened]


@pytest.mark.parametrize("status", [ChargebackStatus.WON, ChargebackStatus.LOST])
def test_a_chargeback_is_decided_once(status: ChargebackStatus) -> None:
    chargeback = a_chargeback()
    assert not chargeback.observe(ChargebackStatus.OPENED, evidence_due_by=LATER, at=LATER)
    assert (chargeback.evidence_due_by, chargeback.settled_at) == (LATER, None)
    assert chargeback.observe(status, evidence_due_by=None, at=LATER)
    assert (chargeback.status, chargeback.settled_at) == (status, LATER)
    for other in ChargebackStatus:
        assert not chargeback.observe(other, evidence_due_by=DUE, at=DUE)
    assert (chargeback.status, chargeback.settled_at, chargeback.evidence_due_by) == (status, LATER, None)


@pytest.mark.parametrize(
    ("ours", "theirs", "kind"),
    [
        (1, 1, None),
        (None, None, None),
        (None, 1, DifferenceKind.NOT_IN_LEDGER),
        (1, None, DifferenceKind.NOT_AT_PROVIDER),
        (1, 2, DifferenceKind.AMOUNT),
    ],
)
def test_what_kind_of_difference_it_is(ours: int | None, theirs: int | None, kind: DifferenceKind | None) -> None:
    assert difference_of(*(None if cents is None else Money(cents) for cents in (ours, theirs))) is kind


def a_difference() -> Difference:
    return Difference(
        id=DifferenceId(identified("difference")),
        kind=DifferenceKind.AMOUNT,
        reference="ch_1",
        ours=Money(1),
        theirs=Money(2),
        found_at=NOW,
    )


def test_a_difference_is_gone_when_both_say_the_same() -> None:
    difference = a_difference()
    difference.look_again(ours=Money(3), theirs=Money(2), at=LATER)
    assert (difference.ours, difference.theirs, difference.gone_at) == (Money(3), Money(2), None)
    difference.look_again(ours=Money(3), theirs=Money(3), at=LATER)
    assert (difference.gone_at, difference.is_explained) == (LATER, False)
    with pytest.raises(DifferenceGone):
        difference.dismiss(at=LATER)


def test_a_difference_that_nobody_knows_of_any_more_is_gone_and_remembered() -> None:
    difference = a_difference()
    difference.look_again(ours=None, theirs=None, at=LATER)
    assert (difference.ours, difference.theirs, difference.gone_at) == (Money(1), Money(2), LATER)


def test_a_difference_of_which_one_side_knows_nothing_any_more_is_there() -> None:
    difference = a_difference()
    difference.look_again(ours=None, theirs=Money(2), at=LATER)
    assert (difference.ours, difference.theirs, difference.gone_at) == (None, Money(2), None)


def test_a_difference_that_was_explained_is_gone() -> None:
    difference = a_difference()
    difference.dismiss(at=LATER)
    assert (difference.gone_at, difference.is_explained) == (LATER, True)
