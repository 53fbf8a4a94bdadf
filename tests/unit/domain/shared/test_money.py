"""Cents that are never mixed, and never rounded but once."""

import pytest

from domain.shared.money import EUR, CurrencyMismatch, Money, round_half_up


def test_amounts_of_one_currency_add_up_and_keep_it() -> None:
    assert Money(150) + Money(275) == Money(425, EUR)
    assert Money(150) - Money(275) == Money(-125, "EUR")
    assert Money(1, "CHF") + Money(2, "CHF") == Money(3, "CHF")
    assert Money(3, "CHF") - Money(2, "CHF") == Money(1, "CHF")
    assert Money.zero() == Money(0, "EUR")
    assert Money.zero("CHF") == Money(0, "CHF")


def test_currencies_are_never_mixed() -> None:
    with pytest.raises(CurrencyMismatch, match=r"^EUR and CHF$"):
        _ = Money(1) + Money(1, "CHF")
    with pytest.raises(CurrencyMismatch, match=r"^CHF and EUR$"):
        _ = Money(1, "CHF") - Money(1)


def test_a_share_keeps_the_currency_and_is_rounded_half_up() -> None:
    assert Money(3333).share(20, 100) == Money(667)
    assert Money(25, "CHF").share(1, 10) == Money(3, "CHF")


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [
        (0, 2, 0),
        (1, 2, 1),
        (-1, 2, -1),
        (3, 2, 2),
        (1, 3, 0),
        (2, 3, 1),
        (-2, 3, -1),
        (-1, 3, 0),
        (4, 2, 2),
        (-4, 2, -2),
        (49, 100, 0),
        (50, 100, 1),
        (1, 1, 1),
    ],
)
def test_halves_go_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert round_half_up(numerator, denominator) == rounded
