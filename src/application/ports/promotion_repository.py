"""Promotions and how often they are used, inside a unit of work."""

from abc import abstractmethod
from typing import Protocol

from domain.bookings.booking_life import BookingId
from domain.bookings.promotion import Promotion, PromotionId, PromotionUses
from domain.shared.actor import AccountId, CaregiverId


class PromotionRepository(Protocol):
    """Keeps promotions. Uses are counted, not kept: whoever adds or moves a booking has locked the caregiver first, so
    that what was counted stays true until the unit of work ends."""

    @abstractmethod
    async def get(self, promotion_id: PromotionId) -> Promotion:
        """Raises PromotionNotFound."""
        ...

    @abstractmethod
    async def of_code(self, code: str, *, caregiver_id: CaregiverId) -> Promotion | None:
        """A caregiver's promotion, ended or not, by its code in upper case."""
        ...

    @abstractmethod
    async def add(self, promotion: Promotion) -> None:
        """Raises PromotionCodeTaken when the caregiver gave the code before, be it that he ended it."""
        ...

    @abstractmethod
    async def save(self, promotion: Promotion) -> None:
        """Keeps that it was ended. Who saves has locked the caregiver."""
        ...

    @abstractmethod
    async def count_standing(self, caregiver_id: CaregiverId) -> int:
        """How many of a caregiver are not ended."""
        ...

    @abstractmethod
    async def uses(
        self, promotion_id: PromotionId, *, owner_id: AccountId, but: BookingId | None = None
    ) -> PromotionUses:
        """The bookings whose quote has the promotion, or the one that they may be changed to, and whose status is none
        of STATUSES_THAT_FREE_THE_PLACE: all of them and the owner's, `but` one."""
        ...
