"""What must hold before a period is quoted or booked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.availability.availability import Availability, OutsideOpenHours
from domain.bookings.care_details import EmergencyContact, EmergencyContactMissing
from domain.bookings.request_rules import (
    BeyondHorizon,
    DuplicatePets,
    EmailNotVerified,
    NoPets,
    OwnProfile,
    StartInPast,
    TooManyNights,
    TooManyPets,
    check_request,
    require_verified_email,
)
from domain.caregivers.caregiver_profile import (
    AnimalNotAccepted,
    CaregiverNotBookable,
    CaregiverNotFound,
    CaregiverProfile,
    CaregiverStatus,
    Offer,
    ServiceNotOffered,
)
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize, Pet
from domain.shared.actor import Actor
from domain.shared.errors import InvalidInput, NotAllowed
from domain.shared.period import BRUSSELS, Period
from tests.support.builders import (
    CAREGIVER,
    NOW,
    OWNER,
    a_caregiver,
    a_pet,
    an_availability,
    an_offer,
    period_of,
    unverified,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def check(
    *,
    owner: Actor = OWNER,
    caregiver: CaregiverProfile | None = None,
    availability: Availability | None = None,
    service: Service = Service.PET_SITTING,
    period: Period | None = None,
    pets: list[Pet] | None = None,
    now: datetime = NOW,
) -> Offer:
    return check_request(
        owner=owner,
        caregiver=caregiver or a_caregiver(),
        availability=availability or Availability.always_open(BRUSSELS),
        service=service,
        period=period or Period(NOW + 7 * DAY, NOW + 8 * DAY),
        pets=pets if pets is not None else [a_pet()],
        now=now,
    )


def field_of(error: type[InvalidInput], **changes: object) -> str | None:
    with pytest.raises(error) as refused:
        check(**changes)  # pyright: ignore[reportArgumentType]
    return refused.value.field


def test_what_may_be_booked_answers_the_offer_it_is_booked_under() -> None:
    offer = an_offer(Service.PET_SITTING, price="31.00")
    assert check(caregiver=a_caregiver(offers=[offer])) == offer


def test_the_start_must_lie_in_the_future() -> None:
    assert field_of(StartInPast, period=Period(NOW, NOW + HOUR)) == "startAt"
    check(period=Period(NOW + timedelta(seconds=1), NOW + HOUR))


def test_the_whole_period_lies_within_365_days() -> None:
    last = NOW + 365 * DAY
    check(period=Period(last - HOUR, last))
    assert field_of(BeyondHorizon, period=Period(last - HOUR, last + timedelta(seconds=1))) == "endAt"
    assert field_of(BeyondHorizon, period=Period(last + HOUR, last + 2 * HOUR)) == "startAt"


def test_thirty_nights_are_allowed_and_thirty_one_are_not() -> None:
    check(period=period_of("2026-12-01 10:00", "2026-12-31 23:00"))
    assert field_of(TooManyNights, period=period_of("2026-12-01 10:00", "2027-01-01 00:00")) == "endAt"


def test_nights_are_counted_on_the_local_calendar_when_the_clocks_change() -> None:
    check(period=period_of("2027-03-10 23:30", "2027-04-09 23:30"), now=datetime(2027, 1, 1, tzinfo=UTC))


def test_nobody_books_himself() -> None:
    assert field_of(OwnProfile, owner=CAREGIVER) == "caregiverId"


def test_an_unapproved_caregiver_does_not_exist_and_an_unpayable_one_is_not_bookable() -> None:
    with pytest.raises(CaregiverNotFound):
        check(caregiver=a_caregiver(status=CaregiverStatus.PENDING))
    for caregiver in (a_caregiver(can_receive_transfers=False), a_caregiver(email_verified=False)):
        with pytest.raises(CaregiverNotBookable):
            check(caregiver=caregiver)


def test_only_offered_services_are_booked() -> None:
    caregiver = a_caregiver(offers=[an_offer(Service.DOG_WALKING)])
    assert field_of(ServiceNotOffered, caregiver=caregiver) == "service"


def test_the_calendar_is_asked_too() -> None:
    with pytest.raises(OutsideOpenHours):
        check(service=Service.DOG_WALKING, availability=an_availability("08:00-09:00"))


def test_there_must_be_pets_each_once_and_no_more_than_the_caregiver_takes() -> None:
    rex, fido = a_pet("Rex"), a_pet("Fido")
    assert field_of(NoPets, pets=[]) == "petIds"
    assert field_of(DuplicatePets, pets=[rex, rex]) == "petIds"
    assert field_of(TooManyPets, pets=[rex, fido], caregiver=a_caregiver(max_animals_at_once=1)) == "petIds"
    check(pets=[rex, fido], caregiver=a_caregiver(max_animals_at_once=2))


def test_only_animals_the_caregiver_takes() -> None:
    assert field_of(AnimalNotAccepted, pets=[a_pet(animal=Animal.REPTILE)]) == "petIds"


def test_sizes_count_for_dogs_and_cats_when_the_caregiver_names_any() -> None:
    animals = frozenset({Animal.DOG, Animal.CAT, Animal.BIRD})
    small = a_caregiver(animals=animals, sizes=frozenset({AnimalSize.S}))
    for animal in (Animal.DOG, Animal.CAT):
        assert field_of(AnimalNotAccepted, pets=[a_pet(animal=animal, size=AnimalSize.L)], caregiver=small) == "petIds"
    check(pets=[a_pet(animal=Animal.BIRD, size=AnimalSize.L)], caregiver=small)
    check(pets=[a_pet(size=AnimalSize.XL)], caregiver=replace(small, sizes=frozenset()))


def test_who_has_not_verified_his_address_may_not_book() -> None:
    with pytest.raises(EmailNotVerified):
        require_verified_email(unverified(OWNER))
    assert issubclass(EmailNotVerified, NotAllowed)
    require_verified_email(OWNER)


@pytest.mark.parametrize(
    ("name", "phone", "field"),
    [
        (" ", "+32470123456", "emergencyContact.name"),
        ("An", "  ", "emergencyContact.phone"),
        ("An", "none", "emergencyContact.phone"),
    ],
)
def test_an_emergency_contact_has_a_name_and_a_number(name: str, phone: str, field: str) -> None:
    with pytest.raises(EmergencyContactMissing) as refused:
        EmergencyContact(name=name, phone=phone)
    assert refused.value.field == field
