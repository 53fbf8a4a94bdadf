"""The owners of the demonstration, and their pets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from application.ports.ids import Ids
from domain.accounts.account import Account
from domain.pets.pet import Animal, AnimalSize, Pet, PetId, PetSex
from domain.shared.actor import AccountId
from domain.shared.languages import Language
from infrastructure.demo.demo_accounts import MAIL_DOMAIN, Person, account_of
from infrastructure.demo.demo_names import breed, person_name, pet_name
from infrastructure.demo.demo_places import DemoPlace, somewhere

OWNERS = 40
OWNER_EMAIL = f"owner@{MAIL_DOMAIN}"

_ANIMALS = (Animal.DOG, Animal.CAT, Animal.SMALL_ANIMAL, Animal.BIRD, Animal.SMALL_LIVESTOCK)
_ANIMAL_WEIGHTS = (60, 25, 6, 3, 6)
_DOG_WEIGHTS_KG = {
    AnimalSize.XS: (2, 4),
    AnimalSize.S: (5, 9),
    AnimalSize.M: (10, 24),
    AnimalSize.L: (25, 39),
    AnimalSize.XL: (40, 70),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOwner:
    account: Account
    place: DemoPlace
    pets: tuple[Pet, ...]


def demo_owners(
    home: DemoPlace, places: Sequence[DemoPlace], *, password_hash: str, ids: Ids, now: datetime
) -> list[DemoOwner]:
    """Forty owners with one to three pets each; the first one signs in as OWNER_EMAIL and lives at `home`."""
    random = Random("owners")
    owners = [_known_owner(home, random, password_hash=password_hash, ids=ids, now=now)]
    for number in range(1, OWNERS):
        place = somewhere(random, places)
        language = place.language(random)
        first_name, last_name = person_name(random, language)
        person = Person(
            number=1000 + number, first_name=first_name, last_name=last_name, language=language, place=place
        )
        animals = random.choices(_ANIMALS, weights=_ANIMAL_WEIGHTS, k=random.choice((1, 1, 1, 2, 2, 3)))
        owners.append(_owner(person, animals, random, password_hash=password_hash, ids=ids, now=now))
    return owners


def _known_owner(home: DemoPlace, random: Random, *, password_hash: str, ids: Ids, now: datetime) -> DemoOwner:
    person = Person(
        number=1000, first_name="Olivia", last_name="Maes", language=Language.NL, place=home, email=OWNER_EMAIL
    )
    animals = (Animal.DOG, Animal.DOG, Animal.CAT)
    return _owner(person, animals, random, password_hash=password_hash, ids=ids, now=now)


def _owner(
    person: Person, animals: Sequence[Animal], random: Random, *, password_hash: str, ids: Ids, now: datetime
) -> DemoOwner:
    created_at = now - timedelta(days=random.randint(120, 700), minutes=random.randint(0, 1439))
    account = account_of(
        person, account_id=AccountId(ids.new()), password_hash=password_hash, random=random, created_at=created_at
    )
    pets = tuple(_pet(animal, account.id, random, ids=ids, created_at=created_at, now=now) for animal in animals)
    return DemoOwner(account=account, place=person.place, pets=pets)


def _pet(animal: Animal, owner_id: AccountId, random: Random, *, ids: Ids, created_at: datetime, now: datetime) -> Pet:
    size = random.choice(tuple(AnimalSize)) if animal is Animal.DOG else AnimalSize.XS
    low, high = _DOG_WEIGHTS_KG[size]
    return Pet(
        id=PetId(ids.new()),
        owner_id=owner_id,
        name=pet_name(random, animal),
        animal=animal,
        size=size,
        created_at=created_at,
        breed=breed(random, animal),
        birth_date=(now - timedelta(days=random.randint(200, 4500))).date(),
        weight_grams=random.randint(low * 10, high * 10) * 100,
        sex=random.choice(tuple(PetSex)),
        neutered=random.random() < 0.7,
    )
