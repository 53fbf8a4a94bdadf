"""An owner's objection to what was done, and what an admin makes of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from domain.shared.errors import InvalidInput
from domain.shared.money import Money


class DisputeDecision(StrEnum):
    """`pay` leaves the price as it is; `refund_part` gives some of it back, `refund_all` whatever is left."""

    PAY = "pay"
    REFUND_ALL = "refund_all"
    REFUND_PART = "refund_part"


class RefundOfDecisionNotUsable(InvalidInput):
    title = "Only a refund of a part names an amount, more than nothing and less than what is left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """Of one booking, which has at most one, ever. `refund` is what the decision gave back."""

    opened_at: datetime
    reason: str
    decision: DisputeDecision | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    refund: Money | None = None

    def decided(self, decision: DisputeDecision, *, refund: Money, at: datetime, reason: str | None) -> Self:
        return replace(self, decision=decision, refund=refund, decided_at=at, decision_reason=reason)


def refund_of_decision(decision: DisputeDecision, *, amount: Money | None, left: Money) -> Money:
    """What goes back of what is left of the price. Raises RefundOfDecisionNotUsable (field `amount`)."""
    zero = Money.zero(left.currency)
    if (amount is not None) != (decision is DisputeDecision.REFUND_PART):
        raise RefundOfDecisionNotUsable(field="amount")
    if amount is not None and not zero < amount < left:
        raise RefundOfDecisionNotUsable(field="amount")
    match decision:
        case DisputeDecision.PAY:
            return zero
        case DisputeDecision.REFUND_ALL:
            return left
        case DisputeDecision.REFUND_PART:
            return amount or zero
