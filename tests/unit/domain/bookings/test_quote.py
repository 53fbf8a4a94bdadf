"""Promised prices."""

from datetime import timedelta

import pytest

from domain.bookings.quote import QuoteAlreadyUsed, QuoteExpired, QuoteNotFound
from domain.shared.actor import Actor
from domain.shared.money import Money
from tests.support.builders import ADMIN, CAREGIVER, NOW, OWNER, STRANGER, a_quote, euros

A_MINUTE = timedelta(minutes=1)


def test_a_quote_carries_its_sums_and_the_rate_they_were_made_at() -> None:
    quote = a_quote(price="33.33")
    assert (quote.gross, quote.commission, quote.net) == (euros("33.33"), euros("6.67"), euros("26.66"))
    assert quote.commission_basis_points == 2000
    assert sum((line.total for line in quote.line_items), Money.zero()) == quote.gross


def test_a_quote_can_be_used_for_thirty_minutes() -> None:
    quote = a_quote(at=NOW)
    quote.use(by=OWNER, at=NOW + timedelta(minutes=30) - timedelta(microseconds=1))
    assert quote.used_at is not None


def test_a_quote_lapses_after_thirty_minutes() -> None:
    quote = a_quote(at=NOW)
    with pytest.raises(QuoteExpired):
        quote.use(by=OWNER, at=NOW + timedelta(minutes=30))
    assert quote.used_at is None


def test_a_quote_is_used_once() -> None:
    quote = a_quote(at=NOW)
    quote.use(by=OWNER, at=NOW)
    with pytest.raises(QuoteAlreadyUsed):
        quote.use(by=OWNER, at=NOW + A_MINUTE)


@pytest.mark.parametrize("somebody", [STRANGER, CAREGIVER, ADMIN])
def test_nobody_else_knows_of_a_quote(somebody: Actor) -> None:
    with pytest.raises(QuoteNotFound):
        a_quote().use(by=somebody, at=NOW)
