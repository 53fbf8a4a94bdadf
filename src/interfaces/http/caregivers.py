"""Caregivers: the public search and profile, and a caregiver's own offer."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post, put
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Struct, field

from application.caregivers.save_caregiver_profile import CaregiverOffer
from application.cursors import decode_cursor
from application.ports.caregiver_queries import (
    AvailabilityView,
    CaregiverCard,
    CaregiverPage,
    CaregiverSearch,
    DatedHoursView,
    OpenHoursView,
    OwnCaregiverProfile,
    SearchOrder,
)
from application.ports.views import Page
from application.use_cases import UseCases
from domain.availability.availability import WEEKDAYS, Availability
from domain.availability.open_hours import OpenHours
from domain.caregivers.caregiver_profile import (
    DEFAULT_ANIMALS_AT_ONCE,
    MAX_ACTION_RADIUS_KM,
    MAX_ANIMALS_AT_ONCE,
    Badge,
    CancellationPolicy,
    Offer,
)
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize
from domain.shared.actor import Actor, CaregiverId
from domain.shared.errors import InvalidInput
from domain.shared.languages import Country, Language
from domain.shared.money import EUR, Money
from domain.shared.texts import line, paragraphs
from interfaces.http.asked_periods import asked_period
from interfaces.http.authentication import IGNORE_TOKEN
from interfaces.http.json_body import HttpRequest, NoInput
from interfaces.http.openapi import BEARER, problems_of
from interfaces.http.pagination import DEFAULT_LIMIT, Cursor, Limit
from interfaces.http.public_reads import respond

MAX_PRICE_CENTS = 1_000_000

Bio = Annotated[str, Meta(min_length=1, max_length=4000, examples=["I have walked dogs in Gent for ten years."])]
PlaceName = Annotated[str, Meta(min_length=1, max_length=120, examples=["Gent"])]
PostalCode = Annotated[str, Meta(pattern=r"^[0-9]{4}( ?[A-Za-z]{2})?(?!\n)$", examples=["9000"])]
PhotoReference = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}(?!\n)$", examples=["photos/an-1.jpg"])
]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-4]):[0-5][0-9](?!\n)$", examples=["08:00"])]


class PriceBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    amount_cents: Annotated[int, Meta(ge=1, le=MAX_PRICE_CENTS, examples=[1800])]
    currency: Annotated[str, Meta(pattern=r"^EUR(?!\n)$", examples=[EUR])] = EUR


class ExtraPriceBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    amount_cents: Annotated[int, Meta(ge=0, le=MAX_PRICE_CENTS, examples=[500])]
    currency: Annotated[str, Meta(pattern=r"^EUR(?!\n)$", examples=[EUR])] = EUR


class OfferBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A service and its price per unit (hour, night, visit or trip)."""

    service: Service
    price: PriceBody
    extra_pet_price: ExtraPriceBody = ExtraPriceBody(amount_cents=0)
    holiday_surcharge_percent: Annotated[int, Meta(ge=0, le=100, examples=[25])] = 0

    def offer(self) -> Offer:
        return Offer(
            service=self.service,
            price=Money(self.price.amount_cents, self.price.currency),
            extra_pet_price=Money(self.extra_pet_price.amount_cents, self.extra_pet_price.currency),
            holiday_surcharge_percent=self.holiday_surcharge_percent,
        )


class CaregiverBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    bio: Bio
    place: PlaceName
    country: Country
    postal_code: PostalCode
    action_radius_km: Annotated[int, Meta(ge=1, le=MAX_ACTION_RADIUS_KM, examples=[15])]
    animals: Annotated[list[Animal], Meta(min_length=1, max_length=8)]
    sizes: Annotated[list[AnimalSize], Meta(max_length=5)]
    cancellation_policy: CancellationPolicy
    offers: Annotated[list[OfferBody], Meta(min_length=1, max_length=9)]
    max_animals_at_once: Annotated[int, Meta(ge=1, le=MAX_ANIMALS_AT_ONCE)] = DEFAULT_ANIMALS_AT_ONCE
    instant_book: bool = False
    languages: Annotated[list[Language], Meta(min_length=1, max_length=3)] = field(
        default_factory=lambda: [Language.NL]
    )
    photos: Annotated[list[PhotoReference], Meta(max_length=10)] = []

    def offer(self) -> CaregiverOffer:
        return CaregiverOffer(
            bio=paragraphs(self.bio, field="bio"),
            place=line(self.place, field="place"),
            country=self.country,
            postal_code=self.postal_code,
            action_radius_km=self.action_radius_km,
            animals=frozenset(self.animals),
            sizes=frozenset(self.sizes),
            max_animals_at_once=self.max_animals_at_once,
            cancellation_policy=self.cancellation_policy,
            instant_book=self.instant_book,
            languages=frozenset(self.languages),
            offers=tuple(offer.offer() for offer in self.offers),
            photos=tuple(self.photos),
        )


class OpenHoursBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Local wall-clock hours of one day; `24:00` is its end."""

    start: Clock
    end: Clock


HoursOfADay = Annotated[list[OpenHoursBody], Meta(max_length=12)]


class WeeklyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A weekday that is absent is closed."""

    monday: HoursOfADay = []
    tuesday: HoursOfADay = []
    wednesday: HoursOfADay = []
    thursday: HoursOfADay = []
    friday: HoursOfADay = []
    saturday: HoursOfADay = []
    sunday: HoursOfADay = []


class DatedHoursBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A date that is closed, or has other hours than its weekday."""

    date: date
    closed: bool = False
    hours: HoursOfADay = []


class AvailabilityBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    time_zone: Annotated[str, Meta(min_length=1, max_length=32, examples=["Europe/Brussels"])]
    weekly: WeeklyBody
    exceptions: Annotated[list[DatedHoursBody], Meta(max_length=400)] = []
    minimum_notice_hours: Annotated[int, Meta(ge=0, le=8760)] = 0
    vacation_until: date | None = None

    def availability(self) -> Availability:
        weekly = {at: _hours(getattr(self.weekly, day), f"weekly.{day}") for at, day in enumerate(WEEKDAYS)}
        return Availability(
            time_zone=self.time_zone,
            weekly={at: hours for at, hours in weekly.items() if hours},
            exceptions=_exceptions(self.exceptions),
            minimum_notice_hours=self.minimum_notice_hours,
            vacation_until=self.vacation_until,
        )


class ClosedOrHours(InvalidInput):
    title = "A date is either closed or has hours"


class DateTwice(InvalidInput):
    title = "The date is given more than once"


def _exceptions(dated: list[DatedHoursBody]) -> dict[date, tuple[OpenHours, ...]]:
    exceptions: dict[date, tuple[OpenHours, ...]] = {}
    for at, day in enumerate(dated):
        if day.closed == bool(day.hours):
            raise ClosedOrHours(field=f"exceptions[{at}]")
        if day.date in exceptions:
            raise DateTwice(field=f"exceptions[{at}].date")
        exceptions[day.date] = _hours(day.hours, f"exceptions[{at}].hours")
    return exceptions


def _hours(hours: list[OpenHoursBody], field: str) -> tuple[OpenHours, ...]:
    return tuple(OpenHours.between(span.start, span.end, field=f"{field}[{at}]") for at, span in enumerate(hours))


def _availability_view(availability: Availability) -> AvailabilityView:
    def spans(hours: tuple[OpenHours, ...]) -> list[OpenHoursView]:
        return [OpenHoursView(start=span.start, end=span.end) for span in hours]

    return AvailabilityView(
        time_zone=availability.time_zone,
        weekly={day: spans(availability.weekly.get(at, ())) for at, day in enumerate(WEEKDAYS)},
        exceptions=[
            DatedHoursView(date=day, closed=not hours, hours=spans(hours))
            for day, hours in sorted(availability.exceptions.items())
        ],
        minimum_notice_hours=availability.minimum_notice_hours,
        vacation_until=availability.vacation_until,
    )


class PayoutAccountView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the caregiver completes the account at the payment provider; works once."""

    onboarding_url: str


CREATED_PROFILE = ResponseSpec(OwnCaregiverProfile, generate_examples=False, description="The profile is new")


class OwnCaregiverController(Controller):
    path = "/api/caregivers/me"
    tags = ("Caregivers",)
    security = BEARER

    @get(summary="The caller's caregiver profile", responses=problems_of(401, 404))
    async def show(self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor]) -> OwnCaregiverProfile:
        return await use_cases.caregiver_queries.own(actor.account_id)

    @put(
        summary="Write the caregiver profile; the first time it asks for approval",
        responses={201: CREATED_PROFILE, **problems_of(401, 409)},
    )
    async def save(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], data: JSONBody[CaregiverBody]
    ) -> Response[OwnCaregiverProfile]:
        is_new = await use_cases.save_caregiver_profile.execute(account=actor, offer=data.offer())
        profile = await use_cases.caregiver_queries.own(actor.account_id)
        headers = {"location": f"/api/caregivers/{profile.id}"} if is_new else {}
        return Response(profile, status_code=201 if is_new else 200, headers=headers)

    @get("/availability", summary="When the caller takes bookings", responses=problems_of(401, 404))
    async def show_availability(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor]
    ) -> AvailabilityView:
        return _availability_view(await use_cases.show_availability.execute(account=actor))

    @put("/availability", summary="Say when the caller takes bookings", responses=problems_of(401, 404))
    async def set_availability(
        self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor], data: JSONBody[AvailabilityBody]
    ) -> AvailabilityView:
        availability = data.availability()
        await use_cases.set_availability.execute(account=actor, availability=availability)
        return _availability_view(availability)

    @post(
        "/payout-account",
        status_code=200,
        summary="Open the account that payouts go to",
        responses=problems_of(401, 404, 503),
    )
    async def open_payout_account(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        data: JSONBody[NoInput | None] = None,  # noqa: ARG002 - refuses any other body
    ) -> PayoutAccountView:
        return PayoutAccountView(onboarding_url=await use_cases.open_payout_account.execute(actor=actor))


Latitude = Annotated[float | None, QueryParameter(ge=-90, le=90)]
Longitude = Annotated[float | None, QueryParameter(ge=-180, le=180)]
Radius = Annotated[float | None, QueryParameter(name="radiusKm", gt=0, le=MAX_ACTION_RADIUS_KM)]
MinPrice = Annotated[int | None, QueryParameter(name="minPriceCents", ge=0, le=MAX_PRICE_CENTS)]
MaxPrice = Annotated[int | None, QueryParameter(name="maxPriceCents", ge=0, le=MAX_PRICE_CENTS)]
MinRating = Annotated[float | None, QueryParameter(name="minRating", ge=0, le=5)]
InstantBook = Annotated[bool | None, QueryParameter(name="instantBook")]
FreeFrom = Annotated[datetime | None, QueryParameter(name="from", description="Free from then on, with `to`")]
FreeTo = Annotated[datetime | None, QueryParameter(name="to", description="Free until then, with `from`")]
FreePets = Annotated[
    int | None, QueryParameter(ge=1, le=MAX_ANIMALS_AT_ONCE, description="How many are to be cared for, with `from`")
]
Explain = Annotated[bool, QueryParameter(description="Tell how good a match each one is, and why")]
PlaceQuery = Annotated[str | None, QueryParameter(min_length=1, max_length=120, description="In any of its languages")]


class CaregiverController(Controller):
    """The same for every caller, and therefore cached."""

    path = "/api/caregivers"
    tags = ("Search",)
    opt = {IGNORE_TOKEN: True}  # noqa: RUF012 - Litestar's way to declare it

    @get(summary="Find caregivers", responses=problems_of())
    async def search(
        self,
        request: HttpRequest,
        use_cases: NamedDependency[UseCases],
        place: PlaceQuery = None,
        lat: Latitude = None,
        lng: Longitude = None,
        radius_km: Radius = None,
        country: FromQuery[Country | None] = None,
        service: FromQuery[Service | None] = None,
        animal: FromQuery[Animal | None] = None,
        size: FromQuery[AnimalSize | None] = None,
        min_price_cents: MinPrice = None,
        max_price_cents: MaxPrice = None,
        min_rating: MinRating = None,
        instant_book: InstantBook = None,
        badge: FromQuery[Badge | None] = None,
        language: FromQuery[Language | None] = None,
        begins: FreeFrom = None,
        ends: FreeTo = None,
        pets: FreePets = None,
        explain: Explain = False,
        sort: FromQuery[SearchOrder] = SearchOrder.BEST,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Response[Page[CaregiverCard]]:
        search = CaregiverSearch(
            lat=lat,
            lng=lng,
            radius_km=radius_km,
            country=country,
            service=service,
            animal=animal,
            size=size,
            min_price_cents=min_price_cents,
            max_price_cents=max_price_cents,
            min_rating=min_rating,
            instant_book=instant_book,
            badge=badge,
            language=language,
            explain=explain,
            order=sort,
            limit=limit,
            after=None if cursor is None else decode_cursor(cursor, tuple[float, UUID]),
        )
        read = await use_cases.search_caregivers.execute(
            search=search, place=place, free=asked_period(begins, ends), pets=pets
        )
        return await respond(request, read)

    @get("/{caregiver_id:uuid}", summary="A caregiver's public profile", responses=problems_of(404))
    async def show(
        self, request: HttpRequest, use_cases: NamedDependency[UseCases], caregiver_id: FromPath[UUID]
    ) -> Response[CaregiverPage]:
        return await respond(request, use_cases.show_caregiver.execute(caregiver_id=CaregiverId(caregiver_id)))
