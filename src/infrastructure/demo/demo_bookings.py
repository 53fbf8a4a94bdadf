"""The bookings of the demonstration: one story for each state, told by the rules of the product."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from application.ports.ids import Ids
from application.ports.public_holidays import PublicHolidays
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId, BookingStatus
from domain.bookings.care_details import CareDetails, EmergencyContact
from domain.bookings.pricing import price_quote
from domain.bookings.quote import Quote, QuoteId
from domain.bookings.request_rules import check_request
from domain.caregivers.caregiver_profile import Offer
from domain.caregivers.services import PricedUnit, Service
from domain.payments.payment import Payment
from domain.payments.refund import Refund
from domain.pets.pet import Animal, Pet
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.errors import DomainError
from domain.shared.period import Period
from infrastructure.demo.demo_accounts import acting
from infrastructure.demo.demo_caregivers import DemoCaregiver
from infrastructure.demo.demo_names import person_name
from infrastructure.demo.demo_owners import DemoOwner
from infrastructure.demo.demo_stages import STAGES, Stage
from infrastructure.demo.demo_texts import note

PLAN = {
    BookingStatus.PENDING: 14,
    BookingStatus.ACCEPTED: 16,
    BookingStatus.PAID: 20,
    BookingStatus.IN_PROGRESS: 6,
    BookingStatus.COMPLETED: 34,
    BookingStatus.DISPUTED: 4,
    BookingStatus.DECLINED: 8,
    BookingStatus.EXPIRED: 8,
    BookingStatus.CANCELLED: 10,
}
_ATTEMPTS = 5000
_CANDIDATES = 15
_DOG_SERVICES = frozenset(
    {Service.DOG_WALKING, Service.GROUP_DOG_WALKING, Service.DOG_TRAINING, Service.EVENT_COMPANION}
)


class NoRoom(Exception):
    """No owner, caregiver and period could be found for a booking: the demonstration asks for too much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBooking:
    quote: Quote
    booking: Booking
    payment: Payment | None
    refunds: tuple[Refund, ...]


@dataclass(frozen=True, slots=True)
class _Occupied:
    period: Period
    animals: int


@dataclass(slots=True, kw_only=True)
class DemoBookings:
    """Finds who can book whom, and when, and lets every booking run to its state. Nobody's capacity is exceeded."""

    owners: Sequence[DemoOwner]
    caregivers: Sequence[DemoCaregiver]
    admin: Actor
    holidays: PublicHolidays
    ids: Ids
    now: datetime
    random: Random = field(default_factory=lambda: Random("bookings"))
    taken: dict[CaregiverId, list[_Occupied]] = field(default_factory=lambda: defaultdict(list))

    def make(self) -> Iterator[DemoBooking]:
        """In every state the known owner has one with the known caregiver, and each of them one with somebody else."""
        known, others = self.caregivers[:1], self.caregivers[1:]
        near = {owner.account.id: _nearest(owner, others) for owner in self.owners}
        for status, count in PLAN.items():
            for at in range(count):
                owners = self.owners[:1] if at in (0, 1) else self.owners
                yield self._booking(
                    STAGES[status], at, owners, lambda owner, at=at: known if at in (0, 2) else near[owner]
                )

    def _booking(
        self,
        stage: Stage,
        at: int,
        owners: Sequence[DemoOwner],
        caregivers_for: Callable[[AccountId], Sequence[DemoCaregiver]],
    ) -> DemoBooking:
        for _ in range(_ATTEMPTS):
            owner = self.random.choice(owners)
            caregiver = self.random.choice(caregivers_for(owner.account.id))
            made = self._try(stage, at, owner, caregiver)
            if made is not None:
                return made
        raise NoRoom(stage.status)

    def _try(self, stage: Stage, at: int, owner: DemoOwner, caregiver: DemoCaregiver) -> DemoBooking | None:
        profile = caregiver.profile
        if profile.instant_book and not stage.with_instant_book:
            return None
        pets = _some(self.random, owner.pets)
        service = self.random.choice([offer.service for offer in profile.offers])
        stays = service.unit is PricedUnit.NIGHT
        if (stage.stays_only and not stays) or not _suits(service, pets):
            return None
        requested_at, period = stage.times(self.random, at, service, now=self.now, time_zone=profile.time_zone)
        if not self._has_room(caregiver, period, len(pets)):
            return None
        actor = acting(owner.account)
        try:
            offer = check_request(
                owner=actor,
                caregiver=profile,
                availability=caregiver.availability,
                service=service,
                period=period,
                pets=pets,
                now=requested_at,
            )
        except DomainError:
            return None
        self.taken[profile.id].append(_Occupied(period, len(pets)))
        quote = self._quote(offer, caregiver, actor, period, pets, at=requested_at)
        return self._told(stage, at, quote, owner, caregiver, requested_at)

    def _has_room(self, caregiver: DemoCaregiver, period: Period, animals: int) -> bool:
        """Stricter than the rule: counts all that overlap, whether or not at the same instant."""
        others = sum(o.animals for o in self.taken[caregiver.profile.id] if o.period.overlaps(period))
        return others + animals <= caregiver.profile.max_animals_at_once

    def _quote(
        self,
        offer: Offer,
        caregiver: DemoCaregiver,
        owner: Actor,
        period: Period,
        pets: Sequence[Pet],
        *,
        at: datetime,
    ) -> Quote:
        profile = caregiver.profile
        price = price_quote(
            offer=offer,
            period=period,
            time_zone=profile.time_zone,
            pet_count=len(pets),
            is_holiday=lambda day: self.holidays.is_holiday(day, country=profile.country),
        )
        quote = Quote.offer(
            id=QuoteId(self.ids.new()),
            owner_id=owner.account_id,
            caregiver_id=profile.id,
            service=offer.service,
            period=period,
            time_zone=profile.time_zone,
            pet_ids=tuple(pet.id for pet in pets),
            price=price,
            at=at - timedelta(minutes=5),
        )
        quote.use(by=owner, at=at)
        return quote

    def _told(
        self, stage: Stage, at: int, quote: Quote, owner: DemoOwner, caregiver: DemoCaregiver, requested_at: datetime
    ) -> DemoBooking:
        booking = Booking.request(
            id=BookingId(self.ids.new()),
            quote=quote,
            caregiver=caregiver.profile,
            care=self._care(owner),
            at=requested_at,
        )
        story = stage.story(
            booking=booking,
            owner=acting(owner.account),
            caregiver=acting(caregiver.account, caregiver.profile.id),
            admin=self.admin,
            ids=self.ids,
            random=self.random,
            now=self.now,
        )
        story.tell(at)
        return DemoBooking(quote=quote, booking=booking, payment=story.payment, refunds=tuple(story.refunds))

    def _care(self, owner: DemoOwner) -> CareDetails:
        first_name, last_name = person_name(self.random, owner.place.language(self.random))
        contact = EmergencyContact(name=f"{first_name} {last_name}", phone=owner.account.phone or "")
        return CareDetails(
            emergency_contact=contact,
            notes=note(self.random, owner.account.language),
            off_leash_allowed=self.random.random() < 0.3,
        )


def _nearest(owner: DemoOwner, caregivers: Sequence[DemoCaregiver]) -> Sequence[DemoCaregiver]:
    """The closest ones, by degrees: near enough to choose from."""

    def distance(caregiver: DemoCaregiver) -> float:
        profile = caregiver.profile
        return (profile.lat - owner.place.lat) ** 2 + (profile.lng - owner.place.lng) ** 2

    return sorted(caregivers, key=distance)[:_CANDIDATES]


def _some(random: Random, pets: Sequence[Pet]) -> Sequence[Pet]:
    """One pet more often than all of them."""
    return random.sample(pets, random.choice((1, 1, len(pets))))


def _suits(service: Service, pets: Sequence[Pet]) -> bool:
    if service in _DOG_SERVICES:
        return all(pet.animal is Animal.DOG for pet in pets)
    return True
