"""Promotions as their caregiver sees them."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from application.ports.views import MoneyView, Page
from domain.bookings.promotion import PromotionId
from domain.caregivers.services import Service
from domain.shared.actor import CaregiverId


class PromotionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Either `percent` or `amount` is there. No `services` are all of them. `uses` counts bookings that stand."""

    id: UUID
    code: str
    percent: int | None
    amount: MoneyView | None
    services: list[Service]
    valid_from: datetime | None
    valid_until: datetime | None
    max_uses: int | None
    once_per_owner: bool
    uses: int
    created_at: datetime
    ended_at: datetime | None


class PromotionQueries(Protocol):
    """Reads of a caregiver's own promotions, without a transaction."""

    @abstractmethod
    async def of_caregiver(self, caregiver_id: CaregiverId, *, limit: int, cursor: str | None) -> Page[PromotionView]:
        """The newest first, ended ones among them. Raises InvalidCursor."""
        ...

    @abstractmethod
    async def one(self, promotion_id: PromotionId, *, caregiver_id: CaregiverId) -> PromotionView:
        """Raises PromotionNotFound, also for another caregiver's."""
        ...
