"""Quoting and booking at a promotion."""

from datetime import datetime

from application.ports.unit_of_work import UnitOfWork
from domain.bookings.booking_life import BookingId
from domain.bookings.promotion import Promotion, UnknownPromo, promotion_code
from domain.bookings.quote import Quote
from domain.caregivers.services import Service
from domain.shared.actor import CaregiverId


async def promotion_of(
    uow: UnitOfWork, promo: str, *, caregiver_id: CaregiverId, service: Service, now: datetime
) -> Promotion:
    """The caregiver's promotion that `promo` names. Raises InvalidInput (field `promo`) when nothing is quoted at it.

    How often it was used is no matter of quotes, which take nothing.
    """
    code = promotion_code(promo)
    promotion = None if code is None else await uow.promotions.of_code(code, caregiver_id=caregiver_id)
    if promotion is None:
        raise UnknownPromo(field="promo")
    promotion.require_valid(service, at=now)
    return promotion


async def require_promotion_left(uow: UnitOfWork, quote: Quote, *, but: BookingId | None = None) -> None:
    """Raises PromotionUsedBefore or PromotionUsedUp when the owner cannot book at the quote's promotion any more.

    `but` is the booking that gets the quote, if it is there. The caregiver is locked.
    """
    if quote.promotion_id is None:
        return
    promotion = await uow.promotions.get(quote.promotion_id)
    refusal = promotion.refusal(await uow.promotions.uses(promotion.id, owner_id=quote.owner_id, but=but))
    if refusal is not None:
        raise refusal
