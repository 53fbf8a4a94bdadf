"""The public offer of a caregiver."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.errors import Conflict, InvalidInput, NotAllowed, NotFound
from domain.shared.events import DomainEvent
from domain.shared.languages import Country, Language
from domain.shared.money import Money

MAX_ANIMALS_AT_ONCE = 20
DEFAULT_ANIMALS_AT_ONCE = 3
MAX_ACTION_RADIUS_KM = 100


class CancellationPolicy(StrEnum):
    FLEXIBLE = "flexible"
    MODERATE = "moderate"
    STRICT = "strict"


class CaregiverStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class Badge(StrEnum):
    """What an admin has verified by a document."""

    ANIMAL_CARE_DIPLOMA = "animal_care_diploma"
    DOG_TRAINER = "dog_trainer"
    BEHAVIOUR_SPECIALIST = "behaviour_specialist"
    ANIMAL_FIRST_AID = "animal_first_aid"
    HORSE_EXPERIENCE = "horse_experience"
    HYGIENE_TRAINING = "hygiene_training"
    SAFE_TRANSPORT = "safe_transport"
    GROOMING = "grooming"
    PHYSIOTHERAPY = "physiotherapy"
    NUTRITION = "nutrition"
    NOSEWORK = "nosework"
    PUPPY_SOCIALISATION = "puppy_socialisation"
    SPORT_ENRICHMENT = "sport_enrichment"
    EVENT_COMPANION = "event_companion"
    IDENTITY = "identity"
    INSURED = "insured"
    SELF_EMPLOYED = "self_employed"


class CaregiverNotFound(NotFound):
    title = "There is no such caregiver"


class CaregiverAlreadyRejected(Conflict):
    title = "The profile is rejected"


class CaregiverAlreadyApproved(Conflict):
    title = "The profile is approved"


class CaregiverNotBookable(Conflict):
    """Not approved, not verified, or not able to be paid yet."""

    title = "The caregiver cannot be booked yet"


class ServiceNotOffered(InvalidInput):
    title = "The caregiver does not offer this service"


class AnimalNotAccepted(InvalidInput):
    title = "The caregiver does not take this animal"


class AdminsOnly(NotAllowed):
    title = "Only an admin may do this"


class PostalCodeOfOtherCountry(InvalidInput):
    title = "A Belgian postal code has four digits and no letters"


class DuplicateOffer(InvalidInput):
    title = "A service is offered more than once"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaregiverSubmitted(DomainEvent):
    caregiver_id: CaregiverId


@dataclass(frozen=True, slots=True, kw_only=True)
class CaregiverApproved(DomainEvent):
    caregiver_id: CaregiverId


@dataclass(frozen=True, slots=True, kw_only=True)
class CaregiverRejected(DomainEvent):
    caregiver_id: CaregiverId


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A service and its price per unit; `holiday_surcharge_percent` 0 to 100 on units on a public holiday."""

    service: Service
    price: Money
    extra_pet_price: Money
    holiday_surcharge_percent: int = 0


@dataclass(slots=True, kw_only=True)
class CaregiverProfile:
    """What a caregiver offers, where, and on which terms. Invisible until approved; editing never withdraws approval.

    `lat`/`lng` are those of the place (WGS 84 degrees), never of a home. `can_receive_transfers` mirrors the provider's
    account; `email_verified` that of the account behind it.
    """

    id: CaregiverId
    account_id: AccountId
    bio: str
    place: str
    country: Country
    postal_code: str
    lat: float
    lng: float
    action_radius_km: int
    animals: frozenset[Animal]
    sizes: frozenset[AnimalSize]
    languages: frozenset[Language]
    offers: tuple[Offer, ...]
    cancellation_policy: CancellationPolicy
    created_at: datetime
    time_zone: str
    max_animals_at_once: int = DEFAULT_ANIMALS_AT_ONCE
    instant_book: bool = False
    photos: tuple[str, ...] = ()
    badges: frozenset[Badge] = frozenset()
    status: CaregiverStatus = CaregiverStatus.PENDING
    rejection_reason: str | None = None
    payout_account_id: str | None = None
    can_receive_transfers: bool = False
    email_verified: bool = False
    version: int = 0
    events: list[DomainEvent] = field(default_factory=list[DomainEvent])

    def check(self) -> None:
        """Raises InvalidInput when the offer contradicts itself."""
        services = [offer.service for offer in self.offers]
        if len(set(services)) < len(services):
            raise DuplicateOffer(field="offers")
        if self.country is Country.BE and not self.postal_code.isdigit():
            raise PostalCodeOfOtherCountry(field="postalCode")

    def submit(self, *, at: datetime) -> None:
        """A first version, or a better one after a rejection, asks for approval."""
        self.status = CaregiverStatus.PENDING
        self.rejection_reason = None
        self.events.append(CaregiverSubmitted(at=at, caregiver_id=self.id))

    def approve(self, *, by: Actor, at: datetime) -> None:
        """Makes the profile visible. Approving twice is harmless."""
        _require_admin(by)
        if self.status is CaregiverStatus.APPROVED:
            return
        if self.status is CaregiverStatus.REJECTED:
            raise CaregiverAlreadyRejected("The profile is rejected; the caregiver has to submit it again.")
        self.status = CaregiverStatus.APPROVED
        self.events.append(CaregiverApproved(at=at, caregiver_id=self.id))

    def reject(self, *, by: Actor, reason: str, at: datetime) -> None:
        """Turns a submission down. Rejecting twice keeps the first reason."""
        _require_admin(by)
        if self.status is CaregiverStatus.REJECTED:
            return
        if self.status is CaregiverStatus.APPROVED:
            raise CaregiverAlreadyApproved("The profile is approved and cannot be rejected any more.")
        self.status = CaregiverStatus.REJECTED
        self.rejection_reason = reason
        self.events.append(CaregiverRejected(at=at, caregiver_id=self.id))

    def require_bookable(self) -> None:
        """Raises CaregiverNotFound while invisible, CaregiverNotBookable while it cannot be booked for money."""
        if self.status is not CaregiverStatus.APPROVED:
            raise CaregiverNotFound
        if not self.email_verified:
            raise CaregiverNotBookable("The caregiver's address is not verified yet.")
        if not self.can_receive_transfers:
            raise CaregiverNotBookable("The caregiver cannot be paid yet.")

    def offer_for(self, service: Service) -> Offer:
        """The offer for a service. Raises ServiceNotOffered (field `service`)."""
        for offer in self.offers:
            if offer.service is service:
                return offer
        raise ServiceNotOffered(field="service")


def _require_admin(actor: Actor) -> None:
    if not actor.is_admin:
        raise AdminsOnly
