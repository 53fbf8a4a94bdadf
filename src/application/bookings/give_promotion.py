"""A caregiver makes his services cheaper for those who know a code."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.promotion import MAX_STANDING, Promotion, PromotionId, PromotionTerms, TooManyPromotions
from domain.caregivers.caregiver_profile import CaregiverNotFound
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class GivePromotion:
    """Raises CaregiverNotFound for who has no profile, InvalidInput, TooManyPromotions, and PromotionCodeTaken."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids

    async def execute(self, *, actor: Actor, terms: PromotionTerms) -> PromotionId:
        async with self.unit_of_work() as uow:
            caregiver = await uow.caregivers.of_account(actor.account_id)
            if caregiver is None:
                raise CaregiverNotFound
            promotion = Promotion.give(
                id=PromotionId(self.ids.new()), caregiver_id=caregiver.id, terms=terms, at=self.clock.now()
            )
            # Others that give one wait for the caregiver's lock.
            if await uow.promotions.count_standing(caregiver.id) >= MAX_STANDING:
                raise TooManyPromotions
            await uow.promotions.add(promotion)
        return promotion.id
