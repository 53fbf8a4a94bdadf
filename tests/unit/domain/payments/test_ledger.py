"""The rules of double entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments.ledger import (
    LedgerAccount,
    Posting,
    Shares,
    moved,
    shares_between,
    sold,
    taken_back,
)
from domain.shared.money import Money
from tests.support.builders import euros

PROVIDER, EARNINGS, COMMISSION = LedgerAccount.PROVIDER, LedgerAccount.EARNINGS, LedgerAccount.COMMISSION
OWED = LedgerAccount.OWED_TO_OWNERS
RATE = 2_000


@pytest.mark.parametrize("cents", [0, -1])
def test_a_posting_moves_something(cents: int) -> None:
    with pytest.raises(ValueError, match="is no posting"):
        Posting(PROVIDER, EARNINGS, Money(cents))


def test_a_posting_has_two_accounts() -> None:
    with pytest.raises(ValueError, match="is no posting"):
        Posting(PROVIDER, PROVIDER, Money(1))
    assert Posting(PROVIDER, EARNINGS, Money(1)).amount == Money(1)


def test_what_came_is_split_as_the_price_was() -> None:
    shares = shares_between(euros("33.33"), Money.zero(), commission_basis_points=RATE)
    assert shares == Shares(euros("6.67"), euros("26.66"))
    assert sold(shares) == [
        Posting(PROVIDER, COMMISSION, euros("6.67")),
        Posting(PROVIDER, EARNINGS, euros("26.66")),
    ]


def test_what_goes_back_is_taken_from_both() -> None:
    shares = shares_between(euros("33.33"), euros("16.66"), commission_basis_points=RATE)
    assert shares == Shares(euros("3.34"), euros("13.33"))
    assert taken_back(shares, to=OWED) == [
        Posting(COMMISSION, OWED, euros("3.34")),
        Posting(EARNINGS, OWED, euros("13.33")),
    ]


def test_nothing_is_not_posted() -> None:
    assert moved(PROVIDER, EARNINGS, Money.zero()) == []
    assert sold(Shares(Money.zero(), Money(1))) == [Posting(PROVIDER, EARNINGS, Money(1))]
    assert moved(PROVIDER, EARNINGS, Money(5)) == [Posting(PROVIDER, EARNINGS, Money(5))]


@given(
    captured=st.integers(1, 100_000),
    parts=st.lists(st.integers(1, 30_000), max_size=6),
    rate=st.integers(0, 10_000),
)
def test_however_often_something_goes_back_the_shares_are_those_of_what_is_kept(
    captured: int, parts: list[int], rate: int
) -> None:
    whole = shares_between(Money(captured), Money.zero(), commission_basis_points=rate)
    commission, earnings, kept = whole.commission, whole.earnings, captured
    assert commission + earnings == Money(captured)
    for part in parts:
        after = max(0, kept - part)
        taken = shares_between(Money(kept), Money(after), commission_basis_points=rate)
        assert taken.commission >= Money.zero()
        assert taken.earnings >= Money.zero()
        assert taken.commission + taken.earnings == Money(kept - after)
        commission, earnings, kept = commission - taken.commission, earnings - taken.earnings, after
    assert commission == Money(kept).share(rate, 10_000)
    assert commission + earnings == Money(kept)
