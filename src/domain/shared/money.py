"""Money as integer cents of one currency; never a float."""

from dataclasses import dataclass
from typing import Self

EUR = "EUR"


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were combined: a programming error."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in cents. May be negative as an intermediate result; callers that forbid that say so."""

    amount_cents: int
    currency: str = EUR

    def __add__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.amount_cents + other.amount_cents, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.amount_cents - other.amount_cents, self.currency)

    def share(self, numerator: int, denominator: int) -> "Money":
        """`numerator / denominator` of the amount, rounded half up (away from zero) to the cent."""
        return Money(round_half_up(self.amount_cents * numerator, denominator), self.currency)

    @classmethod
    def zero(cls, currency: str = EUR) -> Self:
        return cls(0, currency)

    def _require_same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")


def round_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` as an integer, halves away from zero. `denominator` is positive."""
    quotient, remainder = divmod(abs(numerator), denominator)
    rounded = quotient + (1 if remainder * 2 >= denominator else 0)
    return rounded if numerator >= 0 else -rounded
