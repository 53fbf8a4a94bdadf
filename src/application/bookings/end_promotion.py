"""A caregiver ends a promotion of his."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.promotion import PromotionId
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPromotion:
    """Quotes made before are honoured. Raises CaregiverNotFound for who has no profile, and PromotionNotFound."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, actor: Actor, promotion_id: PromotionId) -> None:
        async with self.unit_of_work() as uow:
            # Locked, so that of two that end it the first is kept.
            if await uow.caregivers.of_account(actor.account_id) is None:
                raise CaregiverNotFound
            promotion = await uow.promotions.get(promotion_id)
            promotion.end(by=actor, at=self.clock.now())
            await uow.promotions.save(promotion)
