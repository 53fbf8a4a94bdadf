"""An animal of an owner."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.shared.actor import AccountId
from domain.shared.errors import InvalidInput, NotFound

PetId = NewType("PetId", UUID)

# Tortoises and parrots outlive their owners.
OLDEST_YEARS = 150


class Animal(StrEnum):
    DOG = "dog"
    CAT = "cat"
    SMALL_ANIMAL = "small_animal"
    FISH = "fish"
    BIRD = "bird"
    REPTILE = "reptile"
    SMALL_LIVESTOCK = "small_livestock"
    OTHER = "other"


class AnimalSize(StrEnum):
    """By weight: xs < 5 kg ≤ s < 10 ≤ m < 25 ≤ l < 40 ≤ xl."""

    XS = "xs"
    S = "s"
    M = "m"
    L = "l"
    XL = "xl"


class PetSex(StrEnum):
    FEMALE = "female"
    MALE = "male"


class PetNotFound(NotFound):
    title = "There is no such pet"


class OtherAnimalNeedsName(InvalidInput):
    title = "Say which animal it is"


class BirthDateTooLongAgo(InvalidInput):
    title = "No animal in care is that old"


class BirthDateInFuture(InvalidInput):
    title = "The birth date lies in the future"


@dataclass(slots=True, kw_only=True)
class Pet:
    """What a caregiver must know about an animal. `weight_grams` is an integer; `animal_name` names an `other`
    animal."""

    id: PetId
    owner_id: AccountId
    name: str
    animal: Animal
    size: AnimalSize
    created_at: datetime
    animal_name: str | None = None
    breed: str | None = None
    birth_date: date | None = None
    weight_grams: int | None = None
    sex: PetSex | None = None
    neutered: bool | None = None
    medical: str | None = None
    behaviour: str | None = None
    chip_number: str | None = None
    vet: str | None = None
    deleted_at: datetime | None = None
    version: int = 0

    def check(self, *, today: date) -> None:
        """Raises InvalidInput when the facts contradict each other."""
        if self.animal is Animal.OTHER and not self.animal_name:
            raise OtherAnimalNeedsName(field="animalName")
        if self.birth_date is not None and self.birth_date > today:
            raise BirthDateInFuture(field="birthDate")
        if self.birth_date is not None and self.birth_date.year < today.year - OLDEST_YEARS:
            raise BirthDateTooLongAgo(field="birthDate")

    def delete(self, *, at: datetime) -> None:
        """Takes the pet off its owner's list; bookings keep referring to it."""
        self.deleted_at = at
