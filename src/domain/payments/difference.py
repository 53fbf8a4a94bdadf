"""Something about which our books and the provider's say different things."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.shared.errors import Conflict, NotFound
from domain.shared.money import Money

DifferenceId = NewType("DifferenceId", UUID)


class DifferenceKind(StrEnum):
    """`booking`: not the provider's books but a booking of ours says something else than the ledger."""

    NOT_IN_LEDGER = "not_in_ledger"
    NOT_AT_PROVIDER = "not_at_provider"
    AMOUNT = "amount"
    BOOKING = "booking"


class DifferenceNotFound(NotFound):
    title = "There is no such difference"


class DifferenceGone(Conflict):
    title = "The difference is gone already"


@dataclass(slots=True, kw_only=True)
class Difference:
    """`ours` is what the ledger says, `theirs` what the other side says; None for nothing at all. It is gone when both
    say the same, or when an admin has explained it."""

    id: DifferenceId
    kind: DifferenceKind
    reference: str
    ours: Money | None
    theirs: Money | None
    found_at: datetime
    gone_at: datetime | None = None
    is_explained: bool = False

    def look_again(self, *, ours: Money | None, theirs: Money | None, at: datetime) -> None:
        """Nothing on either side is no difference either, and leaves standing what there was."""
        if ours is not None or theirs is not None:
            self.ours, self.theirs = ours, theirs
        if ours == theirs:
            self.gone_at = at

    def dismiss(self, *, at: datetime) -> None:
        """Raises DifferenceGone."""
        if self.gone_at is not None:
            raise DifferenceGone
        self.gone_at = at
        self.is_explained = True


def difference_of(ours: Money | None, theirs: Money | None) -> DifferenceKind | None:
    """None when both say the same."""
    if ours == theirs:
        return None
    if ours is None:
        return DifferenceKind.NOT_IN_LEDGER
    return DifferenceKind.NOT_AT_PROVIDER if theirs is None else DifferenceKind.AMOUNT
