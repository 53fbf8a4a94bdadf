"""A caregiver writes or edits the public offer."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.geocoder import Geocoder, Place
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.caregivers.caregiver_profile import (
    CancellationPolicy,
    CaregiverProfile,
    CaregiverStatus,
    Offer,
)
from domain.pets.pet import Animal, AnimalSize
from domain.shared.actor import Actor, CaregiverId
from domain.shared.errors import InvalidInput
from domain.shared.languages import Country, Language


class UnknownPlace(InvalidInput):
    title = "We do not know this place"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaregiverOffer:
    """Everything a caregiver decides about the profile."""

    bio: str
    place: str
    country: Country
    postal_code: str
    action_radius_km: int
    animals: frozenset[Animal]
    sizes: frozenset[AnimalSize]
    max_animals_at_once: int
    cancellation_policy: CancellationPolicy
    instant_book: bool
    languages: frozenset[Language]
    offers: tuple[Offer, ...]
    photos: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCaregiverProfile:
    unit_of_work: UnitOfWorkFactory
    geocoder: Geocoder
    clock: Clock
    ids: Ids

    async def execute(self, *, account: Actor, offer: CaregiverOffer) -> bool:
        """Whether the profile is new. A new one, and one that was rejected, asks for approval."""
        place = await self.geocoder.find(offer.place, country=offer.country)
        if place is None:
            raise UnknownPlace(f"There is no such place in {offer.country}.", field="place")
        async with self.unit_of_work() as uow:
            existing = await uow.caregivers.of_account(account.account_id)
            if existing is None:
                await self._create(uow, account, offer, place)
                return True
            _apply(existing, offer, place)
            if existing.status is CaregiverStatus.REJECTED:
                existing.submit(at=self.clock.now())
            existing.check()
            await uow.caregivers.save(existing)
            return False

    async def _create(self, uow: UnitOfWork, account: Actor, offer: CaregiverOffer, place: Place) -> None:
        caregiver = CaregiverProfile(
            id=CaregiverId(self.ids.new()),
            account_id=account.account_id,
            lat=place.lat,
            lng=place.lng,
            time_zone=offer.country.time_zone,
            created_at=self.clock.now(),
            **{field: getattr(offer, field) for field in offer.__slots__},
        )
        # As its people call it, however it was typed.
        caregiver.place = place.name
        caregiver.check()
        caregiver.submit(at=self.clock.now())
        await uow.caregivers.add(caregiver)


def _apply(caregiver: CaregiverProfile, offer: CaregiverOffer, place: Place) -> None:
    if caregiver.country is not offer.country:
        caregiver.time_zone = offer.country.time_zone
    for field in offer.__slots__:
        setattr(caregiver, field, getattr(offer, field))
    caregiver.place, caregiver.lat, caregiver.lng = place.name, place.lat, place.lng
