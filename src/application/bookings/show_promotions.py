"""A caregiver looks at his promotions."""

from dataclasses import dataclass

from application.ports.promotion_queries import PromotionQueries, PromotionView
from application.ports.views import Page
from domain.bookings.promotion import PromotionId
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.shared.actor import Actor, CaregiverId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPromotions:
    """Raises CaregiverNotFound for who has no profile."""

    queries: PromotionQueries

    async def execute(self, *, actor: Actor, limit: int, cursor: str | None) -> Page[PromotionView]:
        """Raises InvalidCursor."""
        return await self.queries.of_caregiver(_own(actor), limit=limit, cursor=cursor)

    async def one(self, promotion_id: PromotionId, *, actor: Actor) -> PromotionView:
        """Raises PromotionNotFound."""
        return await self.queries.one(promotion_id, caregiver_id=_own(actor))


def _own(actor: Actor) -> CaregiverId:
    if actor.caregiver_id is None:
        raise CaregiverNotFound
    return actor.caregiver_id
