"""What booking a series would come to, as things stand in a unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from application.bookings.promotion_use import promotion_of
from application.ports.public_holidays import PublicHolidays
from application.ports.unit_of_work import UnitOfWork
from domain.bookings.free_periods import CaregiverCalendar
from domain.bookings.series import Recurrence, SeriesDate, plan_series, recurring, with_promotion
from domain.caregivers.caregiver_profile import CaregiverProfile
from domain.caregivers.services import Service
from domain.pets.pet import PetId
from domain.shared.actor import Actor, CaregiverId
from domain.shared.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesWish:
    """What an owner asks for: a first booking, repeated until a local date (included), and the code of a promotion."""

    caregiver_id: CaregiverId
    service: Service
    first: Period
    pet_ids: tuple[PetId, ...]
    recurrence: Recurrence
    until: date
    promo: str | None = None


async def plan(
    uow: UnitOfWork,
    wish: SeriesWish,
    *,
    owner: Actor,
    caregiver: CaregiverProfile,
    holidays: PublicHolidays,
    now: datetime,
) -> Sequence[SeriesDate]:
    """The free dates are at the promotion as long as it is left for the owner, the earliest first.

    Raises what holds for all dates, and InvalidInput (field `promo`) when nothing is quoted at the promotion.
    """
    periods = recurring(wish.first, wish.recurrence, until=wish.until, time_zone=caregiver.time_zone)
    calendar = CaregiverCalendar(
        availability=await uow.caregivers.availability(caregiver.id),
        services=frozenset(offer.service for offer in caregiver.offers),
        max_animals=caregiver.max_animals_at_once,
        taken=await uow.bookings.occupancies(caregiver.id, Period(periods[0].start, periods[-1].end)),
    )
    planned = plan_series(
        periods,
        owner=owner,
        caregiver=caregiver,
        calendar=calendar,
        service=wish.service,
        pets=await uow.pets.get_many(wish.pet_ids, owner_id=owner.account_id),
        now=now,
        is_holiday=lambda day: holidays.is_holiday(day, country=caregiver.country),
    )
    if wish.promo is None:
        return planned
    promotion = await promotion_of(uow, wish.promo, caregiver_id=caregiver.id, service=wish.service, now=now)
    return with_promotion(planned, promotion, await uow.promotions.uses(promotion.id, owner_id=owner.account_id))
