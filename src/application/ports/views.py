"""Shapes that several pages share."""

from typing import Generic, Self, TypeVar

from msgspec import Struct

from domain.shared.errors import InvalidInput
from domain.shared.money import Money

Item = TypeVar("Item")


class InvalidCursor(InvalidInput):
    """The cursor is not one that a list gave out."""

    title = "The cursor is not valid; begin the list again"


class MoneyView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Money on the wire: integer cents of one currency."""

    amount_cents: int
    currency: str

    @classmethod
    def of(cls, money: Money) -> Self:
        return cls(amount_cents=money.amount_cents, currency=money.currency)


class Page(Struct, Generic[Item], frozen=True, kw_only=True, rename="camel"):
    """Some items of a list; `next_cursor` asks for those after them, None when there are none."""

    items: list[Item]
    next_cursor: str | None
