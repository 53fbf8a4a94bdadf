"""What a caregiver takes off his own prices for those who know a code."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Self
from uuid import UUID

from domain.caregivers.services import Service
from domain.shared.actor import Actor, CaregiverId
from domain.shared.errors import Conflict, InvalidInput, NotFound
from domain.shared.money import Money

PromotionId = NewType("PromotionId", UUID)

MAX_PERCENT = 90
MAX_STANDING = 50
"""Promotions of one caregiver that are not ended; those whose time is over count until they are."""

# Before letters are raised: some that are not of ASCII would become such.
_CODE = re.compile(r"[A-Za-z0-9-]{3,40}")


class PromotionNotFound(NotFound):
    title = "There is no such promotion"


class UnknownPromo(InvalidInput):
    """The same for a code that nobody gave and for one of another caregiver."""

    title = "There is no such promotion"


class PromotionEnded(InvalidInput):
    title = "The promotion has been ended"


class PromotionNotYetValid(InvalidInput):
    title = "The promotion has not begun yet"


class PromotionNoLongerValid(InvalidInput):
    title = "The promotion is over"


class PromotionForOtherServices(InvalidInput):
    title = "The promotion is for other services of the caregiver"


class PromotionNotForMeetings(InvalidInput):
    title = "A meet-and-greet is free; there is nothing to take off"


class PromotionUsedUp(Conflict):
    title = "The promotion has been used as often as it can be"


class PromotionUsedBefore(Conflict):
    title = "The promotion can be used once, and you have used it"


class PromotionCodeTaken(Conflict):
    title = "You have given this code to a promotion already"


class TooManyPromotions(Conflict):
    title = f"A caregiver has at most {MAX_STANDING} promotions at once; end one first"


class PromotionCodeNotUsable(InvalidInput):
    title = "A code has 3 to 40 letters, digits and hyphens"


class PercentOrAmount(InvalidInput):
    title = "A promotion takes off either a percentage or an amount"


class DiscountNotUsable(InvalidInput):
    title = f"A promotion takes off 1 to {MAX_PERCENT} percent, or an amount of more than nothing"


class UsesNotUsable(InvalidInput):
    title = "A promotion can be used once or more"


class PromotionNeverValid(InvalidInput):
    title = "A promotion ends after it begins, and not in the past"


def promotion_code(text: str) -> str | None:
    """The code that somebody typed as it is kept, in upper case; None for what can be none."""
    typed = text.strip()
    return typed.upper() if _CODE.fullmatch(typed) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionTerms:
    """What is promised. `percent` (1 to 90) of what is priced, or an `amount`; no `services` are all of them.

    Valid from `valid_from` (included) until `valid_until` (excluded), as of when a quote is asked for. At most
    `max_uses` bookings stand at it, and with `once_per_owner` one of each owner.
    """

    code: str
    percent: int | None = None
    amount: Money | None = None
    services: frozenset[Service] = frozenset()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    max_uses: int | None = None
    once_per_owner: bool = True

    def check(self, *, at: datetime) -> None:
        """Raises InvalidInput, naming the field, unless the terms can be given at `at`."""
        if promotion_code(self.code) != self.code:
            raise PromotionCodeNotUsable(field="code")
        if (self.percent is None) is (self.amount is None):
            raise PercentOrAmount(field="percent")
        if self.percent is not None and not 1 <= self.percent <= MAX_PERCENT:
            raise DiscountNotUsable(field="percent")
        if self.amount is not None and self.amount.amount_cents <= 0:
            raise DiscountNotUsable(field="amount")
        if self.max_uses is not None and self.max_uses < 1:
            raise UsesNotUsable(field="maxUses")
        if self.valid_until is not None and self.valid_until <= max(at, self.valid_from or at):
            raise PromotionNeverValid(field="validUntil")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionUses:
    """How many bookings stand at a promotion, and how many of them are one owner's."""

    in_all: int
    of_owner: int

    def one_more(self) -> "PromotionUses":
        """And another of that owner."""
        return PromotionUses(in_all=self.in_all + 1, of_owner=self.of_owner + 1)


@dataclass(slots=True, kw_only=True)
class Promotion:
    """A caregiver's, borne by him and the platform as the price is. It never changes; it can be ended."""

    id: PromotionId
    caregiver_id: CaregiverId
    terms: PromotionTerms
    created_at: datetime
    ended_at: datetime | None = None

    @classmethod
    def give(cls, *, id: PromotionId, caregiver_id: CaregiverId, terms: PromotionTerms, at: datetime) -> Self:  # noqa: A002
        """Raises what `PromotionTerms.check` raises."""
        terms.check(at=at)
        return cls(id=id, caregiver_id=caregiver_id, terms=terms, created_at=at)

    def end(self, *, by: Actor, at: datetime) -> None:
        """From now on nothing is quoted at it; quotes that were are honoured. Ending twice is harmless.

        Raises PromotionNotFound for anybody but its caregiver.
        """
        if by.caregiver_id != self.caregiver_id:
            raise PromotionNotFound
        self.ended_at = self.ended_at or at

    def require_valid(self, service: Service, *, at: datetime) -> None:
        """Raises InvalidInput (field `promo`) unless a service can be quoted at it."""
        if self.ended_at is not None:
            raise PromotionEnded(field="promo")
        if self.terms.valid_from is not None and at < self.terms.valid_from:
            raise PromotionNotYetValid(field="promo")
        if self.terms.valid_until is not None and at >= self.terms.valid_until:
            raise PromotionNoLongerValid(field="promo")
        if self.terms.services and service not in self.terms.services:
            raise PromotionForOtherServices(field="promo")

    def refusal(self, uses: PromotionUses) -> Conflict | None:
        """Why an owner cannot book at it after so many uses; None when he can."""
        if self.terms.once_per_owner and uses.of_owner > 0:
            return PromotionUsedBefore()
        if self.terms.max_uses is not None and uses.in_all >= self.terms.max_uses:
            return PromotionUsedUp()
        return None
