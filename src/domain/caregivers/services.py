"""The nine services, and what is counted when one is priced."""

from enum import StrEnum


class PricedUnit(StrEnum):
    HOUR = "hour"
    NIGHT = "night"
    VISIT = "visit"
    TRIP = "trip"


class Service(StrEnum):
    DOG_WALKING = "dog_walking"
    GROUP_DOG_WALKING = "group_dog_walking"
    DOG_TRAINING = "dog_training"
    PET_SITTING = "pet_sitting"
    PET_BOARDING = "pet_boarding"
    HOME_CARE = "home_care"
    PET_TRANSPORT = "pet_transport"
    SMALL_ANIMAL_CARE = "small_animal_care"
    EVENT_COMPANION = "event_companion"

    @property
    def unit(self) -> PricedUnit:
        return _UNITS[self]


_UNITS = {
    Service.DOG_WALKING: PricedUnit.HOUR,
    Service.GROUP_DOG_WALKING: PricedUnit.HOUR,
    Service.DOG_TRAINING: PricedUnit.HOUR,
    Service.PET_SITTING: PricedUnit.NIGHT,
    Service.PET_BOARDING: PricedUnit.NIGHT,
    Service.HOME_CARE: PricedUnit.VISIT,
    Service.PET_TRANSPORT: PricedUnit.TRIP,
    Service.SMALL_ANIMAL_CARE: PricedUnit.VISIT,
    Service.EVENT_COMPANION: PricedUnit.HOUR,
}
