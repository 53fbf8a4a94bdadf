"""What searches and pages show of caregivers."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from application.ports.views import MoneyView
from domain.caregivers.caregiver_profile import Badge, CancellationPolicy, CaregiverStatus
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize
from domain.shared.actor import AccountId, CaregiverId
from domain.shared.languages import Country, Language
from domain.shared.period import Period

GATED_PHOTOS = 2


class SearchOrder(StrEnum):
    BEST = "best"
    DISTANCE = "distance"
    PRICE = "price"
    RATING = "rating"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeThen:
    """Who could be asked at `now` to take `pets` in the period."""

    period: Period
    pets: int
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaregiverSearch:
    """What to look for. Around `lat`/`lng` (degrees) within `radius_km`, or within each caregiver's own action radius.

    `free` leaves out who would refuse: for the service asked for, or for all he offers. `explain` tells of everybody
    how good a match he is. `after` is the position behind which the page begins: the order's value and the id of the
    last caregiver shown.
    """

    lat: float | None = None
    lng: float | None = None
    radius_km: float | None = None
    country: Country | None = None
    service: Service | None = None
    animal: Animal | None = None
    size: AnimalSize | None = None
    min_price_cents: int | None = None
    max_price_cents: int | None = None
    min_rating: float | None = None
    instant_book: bool | None = None
    badge: Badge | None = None
    language: Language | None = None
    free: FreeThen | None = None
    explain: bool | None = None
    order: SearchOrder = SearchOrder.BEST
    limit: int = 20
    after: tuple[float, UUID] | None = None


class OfferView(Struct, frozen=True, kw_only=True, rename="camel"):
    service: Service
    price: MoneyView
    extra_pet_price: MoneyView
    holiday_surcharge_percent: int


class MatchView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How "best match" comes about: score = qualityWeight · quality + closenessWeight · closeness; each from 0 to 1."""

    score: float
    quality: float
    quality_weight: float
    closeness: float
    closeness_weight: float


class CaregiverCard(Struct, frozen=True, kw_only=True, rename="camel"):
    """A caregiver in a list. Gated: first name and initial, at most two photos, the place and no finer coordinates.

    `distance_km` has one decimal and is null without a point to measure from; `rating` is null without reviews; `match`
    is there when it was asked for.
    """

    id: UUID
    display_name: str
    place: str
    country: Country
    distance_km: float | None
    rating: float | None
    review_count: int
    offers: list[OfferView]
    badges: list[Badge]
    instant_book: bool
    photos: list[str]
    match: MatchView | UnsetType = UNSET


class CaregiverPage(CaregiverCard, frozen=True, kw_only=True, rename="camel"):
    """The public profile, the same for everyone."""

    bio: str
    animals: list[Animal]
    sizes: list[AnimalSize]
    languages: list[Language]
    cancellation_policy: CancellationPolicy
    max_animals_at_once: int


class OwnCaregiverProfile(Struct, frozen=True, kw_only=True, rename="camel"):
    """A caregiver's own profile, with what is still missing before it can be booked."""

    id: UUID
    status: CaregiverStatus
    rejection_reason: str | None
    can_receive_transfers: bool
    email_verified: bool
    bio: str
    place: str
    country: Country
    postal_code: str
    action_radius_km: int
    animals: list[Animal]
    sizes: list[AnimalSize]
    max_animals_at_once: int
    cancellation_policy: CancellationPolicy
    instant_book: bool
    languages: list[Language]
    offers: list[OfferView]
    photos: list[str]
    badges: list[Badge]


class OpenHoursView(Struct, frozen=True, kw_only=True):
    start: str
    end: str


class DatedHoursView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    date: date
    closed: bool = False
    hours: list[OpenHoursView] = []


class AvailabilityView(Struct, frozen=True, kw_only=True, rename="camel"):
    time_zone: str
    weekly: dict[str, list[OpenHoursView]]
    exceptions: list[DatedHoursView]
    minimum_notice_hours: int
    vacation_until: date | None


class CaregiverSubmission(Struct, frozen=True, kw_only=True, rename="camel"):
    """A profile as the admins' list shows it."""

    id: UUID
    account_id: UUID
    name: str
    email: str
    status: CaregiverStatus
    place: str
    country: Country
    created_at: datetime


class ServiceCount(Struct, frozen=True, kw_only=True):
    country: Country
    service: Service
    count: int


class HomeView(Struct, frozen=True, kw_only=True):
    featured: list[CaregiverCard]
    counts: list[ServiceCount]


class CaregiverQueries(Protocol):
    """Reads of caregivers without a transaction. Only approved ones are visible, but to themselves and to admins."""

    @abstractmethod
    async def search(self, search: CaregiverSearch) -> tuple[list[CaregiverCard], tuple[float, UUID] | None]:
        """A page of cards, and where the next one begins (None: there is none).

        A page is full when there is a next one, unless so few are free that the search gives up looking; then the
        next one goes on from there.
        """
        ...

    @abstractmethod
    async def page(self, caregiver_id: CaregiverId) -> CaregiverPage:
        """Raises CaregiverNotFound."""
        ...

    @abstractmethod
    async def own(self, account_id: AccountId) -> OwnCaregiverProfile:
        """Raises CaregiverNotFound."""
        ...

    @abstractmethod
    async def submissions(
        self, status: CaregiverStatus | None, *, limit: int, after: UUID | None
    ) -> tuple[list[CaregiverSubmission], UUID | None]:
        """A page, oldest first, and the id behind which the next one begins."""
        ...

    @abstractmethod
    async def service_counts(self) -> list[ServiceCount]:
        """How many offer each service in each country, by country and service. It reads all of them."""
        ...
