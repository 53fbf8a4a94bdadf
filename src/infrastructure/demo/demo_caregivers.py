"""The caregivers of the demonstration: who they are, what they offer, how they are rated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from application.ports.ids import Ids
from domain.accounts.account import Account
from domain.availability.availability import Availability
from domain.caregivers.caregiver_profile import (
    Badge,
    CancellationPolicy,
    CaregiverProfile,
    CaregiverStatus,
    Offer,
)
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize
from domain.shared.actor import AccountId, CaregiverId
from domain.shared.languages import Country, Language
from domain.shared.money import Money, round_half_up
from infrastructure.demo.demo_accounts import MAIL_DOMAIN, Person, account_of
from infrastructure.demo.demo_availability import demo_availability, known_availability
from infrastructure.demo.demo_names import person_name
from infrastructure.demo.demo_places import DemoPlace, somewhere
from infrastructure.demo.demo_texts import REJECTION_REASON, bio

CAREGIVERS = 300
CAREGIVER_EMAIL = f"caregiver@{MAIL_DOMAIN}"

_EVERY_AT_HOME = 25  # so that there is something to find around the known owner
_PENDING, _REJECTED = range(290, 296), 296

# Cents a unit: what is usual, from and to.
_PRICES = {
    Service.DOG_WALKING: (1200, 2200),
    Service.GROUP_DOG_WALKING: (900, 1500),
    Service.DOG_TRAINING: (3500, 6500),
    Service.PET_SITTING: (3000, 5500),
    Service.PET_BOARDING: (2500, 4500),
    Service.HOME_CARE: (1400, 2600),
    Service.PET_TRANSPORT: (2000, 4500),
    Service.SMALL_ANIMAL_CARE: (1400, 2600),
    Service.EVENT_COMPANION: (3000, 6000),
}
_BADGES_BY_CHANCE = {Badge.IDENTITY: 0.8, Badge.INSURED: 0.5, Badge.ANIMAL_FIRST_AID: 0.4, Badge.SELF_EMPLOYED: 0.3}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRating:
    """`total` stars of `count` reviews."""

    count: int = 0
    total: int = 0

    @property
    def hundredths(self) -> int:
        return round_half_up(self.total * 100, self.count) if self.count else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCaregiver:
    account: Account
    profile: CaregiverProfile
    availability: Availability
    rating: DemoRating


def demo_caregivers(
    home: DemoPlace, places: Sequence[DemoPlace], *, password_hash: str, ids: Ids, now: datetime
) -> list[DemoCaregiver]:
    """Three hundred caregivers; the first one signs in as CAREGIVER_EMAIL and lives at `home`."""
    random = Random("caregivers")
    made = [_known_caregiver(home, random, password_hash=password_hash, ids=ids, now=now)]
    for number in range(1, CAREGIVERS):
        place = somewhere(random, places) if number % _EVERY_AT_HOME else home
        language = place.language(random)
        first_name, last_name = person_name(random, language)
        person = Person(number=number, first_name=first_name, last_name=last_name, language=language, place=place)
        made.append(_caregiver(person, random, password_hash=password_hash, ids=ids, now=now))
    return made


def _caregiver(person: Person, random: Random, *, password_hash: str, ids: Ids, now: datetime) -> DemoCaregiver:
    created_at = now - timedelta(days=random.randint(120, 900), minutes=random.randint(0, 1439))
    account = account_of(
        person, account_id=AccountId(ids.new()), password_hash=password_hash, random=random, created_at=created_at
    )
    status = _status(person.number)
    services = _services(random, person.number)
    animals = _animals(random, services)
    profile = CaregiverProfile(
        id=CaregiverId(ids.new()),
        account_id=account.id,
        bio=bio(random, Language.EN if random.random() < 0.1 else person.language),
        place=person.place.name,
        country=person.place.country,
        postal_code=person.place.postal_code,
        lat=person.place.lat,
        lng=person.place.lng,
        action_radius_km=random.choice((5, 10, 15, 20, 25, 40)),
        animals=animals,
        sizes=frozenset(tuple(AnimalSize)[: random.choice((3, 4, 5, 5, 5))]),
        languages=_languages(random, person.language, person.place.country),
        offers=_offers(random, services),
        cancellation_policy=random.choice(tuple(CancellationPolicy)),
        created_at=created_at,
        time_zone=person.place.country.time_zone,
        max_animals_at_once=random.choice((1, 2, 3, 3, 3, 4, 6)),
        instant_book=random.random() < 0.3,
        photos=_photos(random, person.number),
        badges=_badges(random, services),
        status=status,
        rejection_reason=REJECTION_REASON if status is CaregiverStatus.REJECTED else None,
        payout_account_id=f"sbx_acct_{ids.new().hex}",
        can_receive_transfers=True,
        email_verified=True,
    )
    availability = demo_availability(random, profile.time_zone, now=now)
    rating = _rating(random) if status is CaregiverStatus.APPROVED else DemoRating()
    return DemoCaregiver(account=account, profile=profile, availability=availability, rating=rating)


def _known_caregiver(home: DemoPlace, random: Random, *, password_hash: str, ids: Ids, now: datetime) -> DemoCaregiver:
    """Takes what the known owner has, most days of the week, and answers each request in person."""
    person = Person(
        number=0,
        first_name="Cas",
        last_name="Testelmans",
        language=Language.NL,
        place=home,
        email=CAREGIVER_EMAIL,
    )
    made = _caregiver(person, random, password_hash=password_hash, ids=ids, now=now)
    profile = made.profile
    profile.offers = _offers(
        random,
        (Service.DOG_WALKING, Service.PET_BOARDING, Service.PET_SITTING, Service.HOME_CARE, Service.PET_TRANSPORT),
    )
    profile.animals = frozenset({Animal.DOG, Animal.CAT})
    profile.sizes = frozenset(AnimalSize)
    profile.cancellation_policy = CancellationPolicy.MODERATE
    profile.max_animals_at_once = 12
    profile.instant_book = False
    return DemoCaregiver(
        account=made.account,
        profile=profile,
        availability=known_availability(profile.time_zone),
        rating=DemoRating(count=37, total=181),
    )


def _status(number: int) -> CaregiverStatus:
    if number in _PENDING:
        return CaregiverStatus.PENDING
    return CaregiverStatus.REJECTED if number == _REJECTED else CaregiverStatus.APPROVED


def _services(random: Random, number: int) -> tuple[Service, ...]:
    """One to five services; the rare ones come round by number, so that each is offered."""
    every = tuple(Service)
    chosen = {every[number % len(every)]}
    chosen |= set(random.sample(every, random.randint(0, 4)))
    return tuple(service for service in every if service in chosen)


def _animals(random: Random, services: Sequence[Service]) -> frozenset[Animal]:
    animals = {Animal.DOG}
    if random.random() < 0.6:
        animals |= {Animal.CAT}
    if random.random() < 0.3:
        animals |= {Animal.SMALL_ANIMAL, Animal.BIRD, Animal.FISH}
    if Service.SMALL_ANIMAL_CARE in services:
        animals |= {Animal.SMALL_LIVESTOCK, Animal.SMALL_ANIMAL}
    return frozenset(animals)


def _offers(random: Random, services: Sequence[Service]) -> tuple[Offer, ...]:
    surcharge = random.choice((0, 0, 25, 50, 100))
    return tuple(_offer(random, service, surcharge) for service in services)


def _offer(random: Random, service: Service, surcharge: int) -> Offer:
    low, high = _PRICES[service]
    price = random.randrange(low, high + 1, 50)
    return Offer(
        service=service,
        price=Money(price),
        extra_pet_price=Money(price * random.choice((0, 25, 30, 50)) // 100),
        holiday_surcharge_percent=surcharge,
    )


def _languages(random: Random, own: Language, country: Country) -> frozenset[Language]:
    others = [language for language in Language if language is not own]
    likely = 0.5 if country is Country.BE else 0.25
    return frozenset([own, *(language for language in others if random.random() < likely)])


def _badges(random: Random, services: Sequence[Service]) -> frozenset[Badge]:
    badges = {badge for badge, chance in _BADGES_BY_CHANCE.items() if random.random() < chance}
    if Service.DOG_TRAINING in services:
        badges.add(Badge.DOG_TRAINER)
    if Service.PET_TRANSPORT in services:
        badges.add(Badge.SAFE_TRANSPORT)
    return frozenset(badges | set(random.sample(tuple(Badge), random.choice((0, 0, 1)))))


def _photos(random: Random, number: int) -> tuple[str, ...]:
    return tuple(f"demo/caregiver-{number}-{photo}.jpg" for photo in range(1, random.randint(1, 4)))


def _rating(random: Random) -> DemoRating:
    """One in seven has no review yet; most have a handful, a few have many, and most readers were content."""
    if random.random() < 1 / 7:
        return DemoRating()
    count = 1 + int(random.expovariate(1 / 14))
    stars = [random.choices((1, 2, 3, 4, 5), weights=(1, 2, 6, 25, 66))[0] for _ in range(count)]
    return DemoRating(count=count, total=sum(stars))
