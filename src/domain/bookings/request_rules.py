"""What must hold before a period of care is quoted, and again before it is booked."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.availability.availability import Availability
from domain.caregivers.caregiver_profile import AnimalNotAccepted, CaregiverProfile, Offer
from domain.caregivers.services import Service
from domain.pets.pet import Animal, Pet
from domain.shared.actor import Actor
from domain.shared.errors import InvalidInput, NotAllowed
from domain.shared.period import Period

HORIZON = timedelta(days=365)
MAX_NIGHTS = 30
MEET_AND_GREET = timedelta(minutes=30)

_SIZED_ANIMALS = frozenset({Animal.DOG, Animal.CAT})


class EmailNotVerified(NotAllowed):
    title = "Verify your e-mail address before you book"


class OwnProfile(InvalidInput):
    title = "Nobody can book himself"


class StartInPast(InvalidInput):
    title = "The start must lie in the future"


class BeyondHorizon(InvalidInput):
    title = "Bookings are made at most 365 days ahead"


class TooManyNights(InvalidInput):
    title = "A booking has at most 30 nights"


class NoPets(InvalidInput):
    title = "Name at least one pet"


class DuplicatePets(InvalidInput):
    title = "A pet is named more than once"


class TooManyPets(InvalidInput):
    title = "The caregiver does not take that many animals at once"


class MeetAndGreetLength(InvalidInput):
    title = "A meet-and-greet lasts 30 minutes"


def check_meet_and_greet(period: Period) -> None:
    """What holds for it besides `check_request`. Raises MeetAndGreetLength."""
    if period.duration != MEET_AND_GREET:
        raise MeetAndGreetLength(field="endAt")


def require_verified_email(owner: Actor) -> None:
    """Who is not reachable may look around, but not book. Raises EmailNotVerified."""
    if not owner.email_verified:
        raise EmailNotVerified


def check_request(
    *,
    owner: Actor,
    caregiver: CaregiverProfile,
    availability: Availability,
    service: Service,
    period: Period,
    pets: Sequence[Pet],
    now: datetime,
) -> Offer:
    """The caregiver's offer for a service that `owner` may have in `period`; free places are the database's business.

    Raises InvalidInput naming the field, CaregiverNotFound, CaregiverNotBookable, or CaregiverNotAvailable.
    """
    if caregiver.account_id == owner.account_id:
        raise OwnProfile(field="caregiverId")
    caregiver.require_bookable()
    offer = caregiver.offer_for(service)
    check_period(period, time_zone=caregiver.time_zone, now=now)
    check_pets(pets, caregiver=caregiver)
    refusal = availability.refusal(period, service, now)
    if refusal is not None:
        raise refusal
    return offer


def check_period(
    period: Period, *, time_zone: str, now: datetime, start_field: str = "startAt", end_field: str = "endAt"
) -> None:
    """In the future, wholly inside the horizon, and at most 30 nights of the caregiver's zone."""
    if period.start <= now:
        raise StartInPast(field=start_field)
    if period.start > now + HORIZON:
        raise BeyondHorizon(field=start_field)
    if period.end > now + HORIZON:
        raise BeyondHorizon(field=end_field)
    if period.midnights(time_zone) > MAX_NIGHTS:
        raise TooManyNights(field=end_field)


def check_pets(pets: Sequence[Pet], *, caregiver: CaregiverProfile) -> None:
    """Kinds and number the caregiver takes. Sizes count for dogs and cats, and only when the caregiver names any."""
    if not pets:
        raise NoPets(field="petIds")
    if len({pet.id for pet in pets}) < len(pets):
        raise DuplicatePets(field="petIds")
    if len(pets) > caregiver.max_animals_at_once:
        raise TooManyPets(f"The caregiver takes at most {caregiver.max_animals_at_once} at once.", field="petIds")
    for pet in pets:
        if pet.animal not in caregiver.animals:
            raise AnimalNotAccepted(f"The caregiver does not take a {_words(pet.animal)}.", field="petIds")
        if pet.animal in _SIZED_ANIMALS and caregiver.sizes and pet.size not in caregiver.sizes:
            raise AnimalNotAccepted(f"The caregiver does not take a {pet.animal} of size {pet.size}.", field="petIds")


def _words(animal: Animal) -> str:
    return animal.value.replace("_", " ")
