"""Domain objects with sensible defaults: a test names only what it is about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from domain.availability.availability import Availability
from domain.availability.open_hours import OpenHours
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId
from domain.bookings.care_details import CareDetails, EmergencyContact
from domain.bookings.pricing import price_quote
from domain.bookings.promotion import Promotion, PromotionId, PromotionTerms
from domain.bookings.quote import Quote, QuoteId
from domain.bookings.request_rules import MEET_AND_GREET
from domain.caregivers.caregiver_profile import CancellationPolicy, CaregiverProfile, CaregiverStatus, Offer
from domain.caregivers.services import Service
from domain.payments.payment import Payment, PaymentId
from domain.pets.pet import Animal, AnimalSize, Pet, PetId
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.languages import Country, Language
from domain.shared.money import Money
from domain.shared.period import BRUSSELS, Period

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
"""A Monday, 10:00 in Brussels."""


def identified(name: str) -> UUID:
    """The same identifier for the same name, always."""
    return uuid5(UUID(int=0), name)


OWNER = Actor(account_id=AccountId(identified("owner")))
CAREGIVER = Actor(
    account_id=AccountId(identified("caregiver's account")), caregiver_id=CaregiverId(identified("caregiver"))
)
ADMIN = Actor(account_id=AccountId(identified("admin")), is_admin=True)
STRANGER = Actor(account_id=AccountId(identified("stranger")), caregiver_id=CaregiverId(identified("other caregiver")))


def local(text: str, time_zone: str = BRUSSELS, *, fold: int = 0) -> datetime:
    """The instant of a local wall-clock time such as `2027-03-28 09:00`; `fold=1` for the second of two."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(time_zone), fold=fold).astimezone(UTC)


def period_of(start: str, end: str, time_zone: str = BRUSSELS) -> Period:
    """From one local wall-clock time to another."""
    return Period(local(start, time_zone), local(end, time_zone))


def euros(amount: str) -> Money:
    """`33.33` as money."""
    whole, _, cents = amount.partition(".")
    return Money(int(whole) * 100 + int(cents.ljust(2, "0")))


def open_hours(*spans: str) -> tuple[OpenHours, ...]:
    """`08:00-12:00`, `13:00-18:00` as open hours."""
    return tuple(OpenHours.between(*span.split("-")) for span in spans)


def an_availability(
    *spans: str,
    exceptions: Mapping[date, tuple[OpenHours, ...]] | None = None,
    minimum_notice_hours: int = 0,
    vacation_until: date | None = None,
    time_zone: str = BRUSSELS,
) -> Availability:
    """The same open hours every day of the week (08:00-18:00 when none are named)."""
    return Availability(
        time_zone=time_zone,
        weekly=dict.fromkeys(range(7), open_hours(*(spans or ("08:00-18:00",)))),
        exceptions=exceptions or {},
        minimum_notice_hours=minimum_notice_hours,
        vacation_until=vacation_until,
    )


def an_offer(
    service: Service = Service.DOG_WALKING,
    *,
    price: str = "20.00",
    extra_pet_price: str = "5.00",
    holiday_surcharge_percent: int = 0,
) -> Offer:
    return Offer(
        service=service,
        price=euros(price),
        extra_pet_price=euros(extra_pet_price),
        holiday_surcharge_percent=holiday_surcharge_percent,
    )


def a_caregiver(
    *,
    offers: Sequence[Offer] | None = None,
    policy: CancellationPolicy = CancellationPolicy.FLEXIBLE,
    instant_book: bool = False,
    animals: frozenset[Animal] = frozenset({Animal.DOG, Animal.CAT}),
    sizes: frozenset[AnimalSize] = frozenset(AnimalSize),
    max_animals_at_once: int = 3,
    status: CaregiverStatus = CaregiverStatus.APPROVED,
    can_receive_transfers: bool = True,
    email_verified: bool = True,
) -> CaregiverProfile:
    """An approved caregiver of Ghent who offers every service for 20 euros a unit and can be paid."""
    assert CAREGIVER.caregiver_id is not None
    return CaregiverProfile(
        id=CAREGIVER.caregiver_id,
        account_id=CAREGIVER.account_id,
        bio="Dogs are my life.",
        place="Gent",
        country=Country.BE,
        postal_code="9000",
        lat=51.05,
        lng=3.72,
        action_radius_km=20,
        animals=animals,
        sizes=sizes,
        languages=frozenset({Language.NL}),
        offers=tuple(offers) if offers is not None else tuple(an_offer(service) for service in Service),
        cancellation_policy=policy,
        created_at=NOW,
        time_zone=BRUSSELS,
        max_animals_at_once=max_animals_at_once,
        instant_book=instant_book,
        status=status,
        payout_account_id="acct_1",
        can_receive_transfers=can_receive_transfers,
        email_verified=email_verified,
    )


def a_pet(name: str = "Rex", *, animal: Animal = Animal.DOG, size: AnimalSize = AnimalSize.M) -> Pet:
    return Pet(
        id=PetId(identified(f"pet {name}")),
        owner_id=OWNER.account_id,
        name=name,
        animal=animal,
        size=size,
        created_at=NOW,
    )


def a_quote(
    *,
    service: Service = Service.DOG_WALKING,
    period: Period | None = None,
    price: str = "20.00",
    pets: Sequence[Pet] | None = None,
    is_holiday: Callable[[date], bool] = lambda _: False,
    at: datetime = NOW,
) -> Quote:
    """A quote for an hour a week ahead, unless said otherwise."""
    wanted = period or Period(NOW + timedelta(days=7), NOW + timedelta(days=7, hours=1))
    chosen = pets if pets is not None else [a_pet()]
    assert CAREGIVER.caregiver_id is not None
    return Quote.offer(
        id=QuoteId(identified("quote")),
        owner_id=OWNER.account_id,
        caregiver_id=CAREGIVER.caregiver_id,
        service=service,
        period=wanted,
        time_zone=BRUSSELS,
        pet_ids=tuple(pet.id for pet in chosen),
        price=price_quote(
            offer=an_offer(service, price=price),
            period=wanted,
            time_zone=BRUSSELS,
            pet_count=len(chosen),
            is_holiday=is_holiday,
        ),
        at=at,
    )


def terms_of(
    code: str = "SUMMER-10", *, percent: int | None = None, amount: str | None = None, **limits: Any
) -> PromotionTerms:
    """Ten percent for everything and everybody once, unless said otherwise."""
    return PromotionTerms(
        code=code,
        percent=10 if percent is amount is None else percent,
        amount=None if amount is None else euros(amount),
        **limits,
    )


def a_promotion(
    code: str = "SUMMER-10", *, percent: int | None = None, amount: str | None = None, **limits: Any
) -> Promotion:
    """One of the caregiver's on such terms, whose id is made of the code."""
    assert CAREGIVER.caregiver_id is not None
    return Promotion.give(
        id=PromotionId(identified(f"promotion {code}")),
        caregiver_id=CAREGIVER.caregiver_id,
        terms=terms_of(code, percent=percent, amount=amount, **limits),
        at=NOW,
    )


def care_details() -> CareDetails:
    return CareDetails(emergency_contact=EmergencyContact(name="An Peeters", phone="+32 470 12 34 56"))


def a_booking(
    *,
    period: Period | None = None,
    price: str = "20.00",
    policy: CancellationPolicy = CancellationPolicy.FLEXIBLE,
    instant_book: bool = False,
    at: datetime = NOW,
) -> Booking:
    """A pending booking, requested at `at`, of an hour a week ahead."""
    return Booking.request(
        id=BookingId(identified("booking")),
        quote=a_quote(period=period, price=price, at=at),
        caregiver=a_caregiver(policy=policy, instant_book=instant_book),
        care=care_details(),
        at=at,
    )


def a_meeting(start: datetime | None = None, *, instant_book: bool = False, at: datetime = NOW) -> Booking:
    """A meet-and-greet that was asked for, a week ahead."""
    begins = start or NOW + timedelta(days=7)
    quote = a_quote(period=Period(begins, begins + MEET_AND_GREET), at=at)
    return Booking.request(
        id=BookingId(identified("booking")),
        quote=replace(quote, gross=Money(0), commission=Money(0), meet_and_greet=True),
        caregiver=a_caregiver(instant_book=instant_book),
        care=care_details(),
        at=at,
    )


def an_accepted_booking(
    *,
    period: Period | None = None,
    price: str = "20.00",
    policy: CancellationPolicy = CancellationPolicy.FLEXIBLE,
    at: datetime = NOW,
) -> Booking:
    booking = a_booking(period=period, price=price, policy=policy, at=at)
    booking.accept(by=CAREGIVER, at=at)
    return booking


def a_paid_booking(
    *,
    period: Period | None = None,
    price: str = "20.00",
    policy: CancellationPolicy = CancellationPolicy.FLEXIBLE,
    at: datetime = NOW,
) -> Booking:
    booking = an_accepted_booking(period=period, price=price, policy=policy, at=at)
    booking.mark_paid(payment_id=identified("payment"), captured=booking.gross, at=at)
    return booking


def a_payment(*, amount: str = "20.00", attempt: int = 1) -> Payment:
    """An open payment the provider has not been asked for yet."""
    return Payment.open(
        id=PaymentId(identified(f"payment {attempt}")),
        booking_id=BookingId(identified("booking")),
        attempt=attempt,
        provider="sandbox",
        amount=euros(amount),
        at=NOW,
    )


def unverified(actor: Actor) -> Actor:
    """The actor before the mailed link was followed."""
    return replace(actor, email_verified=False)
