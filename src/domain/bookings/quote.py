"""A price that was promised: the only source of an amount."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType, Self
from uuid import UUID

from domain.bookings.pricing import COMMISSION_BASIS_POINTS, LineItem, Price, commission_of
from domain.bookings.promotion import PromotionId
from domain.caregivers.services import Service
from domain.pets.pet import PetId
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.errors import Conflict, NotFound
from domain.shared.money import Money
from domain.shared.period import Period

QuoteId = NewType("QuoteId", UUID)

QUOTE_LIFETIME = timedelta(minutes=30)


class QuoteNotFound(NotFound):
    title = "There is no such quote"


class QuoteExpired(Conflict):
    title = "The quote has expired; ask for a new one"


class QuoteAlreadyUsed(Conflict):
    title = "The quote was used already; ask for a new one"


@dataclass(slots=True, kw_only=True)
class Quote:
    """A single-use price of a caregiver for an owner. Reserves nothing; honoured until `expires_at` (exclusive)."""

    id: QuoteId
    owner_id: AccountId
    caregiver_id: CaregiverId
    service: Service
    period: Period
    time_zone: str
    pet_ids: tuple[PetId, ...]
    line_items: tuple[LineItem, ...]
    gross: Money
    commission: Money
    commission_basis_points: int
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    meet_and_greet: bool = False
    promotion_id: PromotionId | None = None
    version: int = 0

    @property
    def net(self) -> Money:
        """The caregiver's share: gross = commission + net, always."""
        return self.gross - self.commission

    @classmethod
    def offer(
        cls,
        *,
        id: QuoteId,  # noqa: A002
        owner_id: AccountId,
        caregiver_id: CaregiverId,
        service: Service,
        period: Period,
        time_zone: str,
        pet_ids: tuple[PetId, ...],
        price: Price,
        at: datetime,
        meet_and_greet: bool = False,
    ) -> Self:
        """A quote of `price` at today's commission, valid for 30 minutes."""
        return cls(
            id=id,
            owner_id=owner_id,
            caregiver_id=caregiver_id,
            service=service,
            period=period,
            time_zone=time_zone,
            pet_ids=pet_ids,
            line_items=price.line_items,
            gross=price.gross,
            commission=commission_of(price.gross),
            commission_basis_points=COMMISSION_BASIS_POINTS,
            created_at=at,
            expires_at=at + QUOTE_LIFETIME,
            meet_and_greet=meet_and_greet,
            promotion_id=price.promotion_id,
        )

    def use(self, *, by: Actor, at: datetime) -> None:
        """Takes the quote for a booking. Raises QuoteNotFound (not his), QuoteAlreadyUsed, QuoteExpired."""
        if by.account_id != self.owner_id:
            raise QuoteNotFound
        if self.used_at is not None:
            raise QuoteAlreadyUsed
        if at >= self.expires_at:
            raise QuoteExpired
        self.used_at = at
