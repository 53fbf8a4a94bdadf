"""Bookings as their pages show them."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from application.ports.views import MoneyView, Page
from domain.bookings.booking_life import ActorRole, BookingId, BookingStatus, PayoutState, SeriesId
from domain.bookings.dispute import DisputeDecision
from domain.bookings.pricing import LineKind
from domain.caregivers.caregiver_profile import CancellationPolicy
from domain.caregivers.services import Service
from domain.pets.pet import Animal, AnimalSize
from domain.shared.actor import Actor
from domain.shared.money import Money
from domain.shared.period import Period


class LineItemView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`quantity` in steps of 0.5."""

    kind: LineKind
    label: str
    quantity: float
    unit_price: MoneyView
    total: MoneyView


class QuoteView(Struct, frozen=True, kw_only=True, rename="camel"):
    id: UUID
    caregiver_id: UUID
    service: Service
    start_at: datetime
    end_at: datetime
    time_zone: str
    pet_ids: list[UUID]
    line_items: list[LineItemView]
    gross: MoneyView
    meet_and_greet: bool
    expires_at: datetime


class PartyView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One side of a booking: the caregiver's id is that of the profile. First name and initial until PAID."""

    id: UUID
    display_name: str


class BookedPetView(Struct, frozen=True, kw_only=True, rename="camel"):
    id: UUID
    name: str
    animal: Animal
    size: AnimalSize


class PayoutView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What becomes of the caregiver's share of what was kept. Owners are not told the amount: the field is absent."""

    state: PayoutState
    due_at: datetime | None
    paid_at: datetime | None
    amount: MoneyView | UnsetType = UNSET


class BookingDisputeView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`refund` is what the decision gave back; null while nothing is decided."""

    opened_at: datetime
    reason: str
    decision: DisputeDecision | None
    decided_at: datetime | None
    decision_reason: str | None
    refund: MoneyView | None


class ProposedChangeView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a paid booking may become: until `until` it waits for the caregiver's word or, with `acceptedAt`, for the
    owner's payment of the whole new gross, upon which what was paid before goes back."""

    quote_id: UUID
    start_at: datetime
    end_at: datetime
    pets: list[BookedPetView]
    gross: MoneyView
    asked_at: datetime
    until: datetime
    accepted_at: datetime | None
    net: MoneyView | UnsetType = UNSET


class BookingView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A booking for one of its parties or an admin. Owners are not told commission and net: the fields are absent.
    `quote_id` names the terms: a change of dates or pets brings another."""

    id: UUID
    quote_id: UUID
    status: BookingStatus
    caregiver: PartyView
    owner: PartyView
    service: Service
    start_at: datetime
    end_at: datetime
    time_zone: str
    pets: list[BookedPetView]
    gross: MoneyView
    captured: MoneyView
    refunded: MoneyView
    policy: CancellationPolicy
    requested_at: datetime
    answer_until: datetime
    accepted_at: datetime | None
    pay_window_opens_at: datetime | None
    pay_until: datetime | None
    paid_at: datetime | None
    notes: str | None
    vet: str | None
    off_leash_allowed: bool
    series_id: UUID | None
    meet_and_greet: bool
    completed_at: datetime | None
    disputable_until: datetime | None
    dispute: BookingDisputeView | None
    payout: PayoutView
    proposed_change: ProposedChangeView | None
    commission: MoneyView | UnsetType = UNSET
    net: MoneyView | UnsetType = UNSET


class ContactPartyView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who a party really is, and where to reach it; what its account does not tell is null."""

    id: UUID
    first_name: str
    last_name: str
    phone: str | None
    address: str | None


class EmergencyContactView(Struct, frozen=True, kw_only=True):
    name: str
    phone: str


class BookingContactView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a paid booking reveals to its two parties."""

    caregiver: ContactPartyView
    owner: ContactPartyView
    emergency_contact: EmergencyContactView


class CareReportView(Struct, frozen=True, kw_only=True, rename="camel"):
    """When the caregiver said so, and what he told; `photos` are references."""

    at: datetime
    lat: float | None
    lng: float | None
    notes: str | None
    photos: list[str]


class ServiceReportView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The halves are null until the care began, and ended; a booking that was completed by itself may lack them."""

    check_in: CareReportView | None
    check_out: CareReportView | None


class BookingTransitionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`from_status` is null for the request. Who acted is told by role; nobody's name is."""

    from_status: BookingStatus | None
    to_status: BookingStatus
    at: datetime
    actor_role: ActorRole
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingTotals:
    """How many of each state and service, how many began later than the given instant and still stand, with how many
    different other parties, and the money of them all."""

    by_status: Mapping[BookingStatus, int]
    by_service: Mapping[Service, int]
    upcoming: int
    other_parties: int
    captured: Money
    refunded: Money


class BookingQueries(Protocol):
    """Reads for pages. A booking of strangers is BookingNotFound; admins may read every one.

    The other party is shown by first name and initial until the viewer has a booking with it that is PAID or later and
    no mere meet-and-greet; the viewer's own side is always shown in full. Commission and net are shown to the caregiver
    and to admins only.
    """

    @abstractmethod
    async def get(self, booking_id: BookingId, *, viewer: Actor) -> BookingView:
        """Raises BookingNotFound."""
        ...

    @abstractmethod
    async def of_series(self, series_id: SeriesId, *, viewer: Actor) -> Sequence[BookingView]:
        """The bookings of a series, the earliest first. Raises SeriesNotFound, also for a stranger's."""
        ...

    @abstractmethod
    async def of_account(
        self,
        *,
        viewer: Actor,
        role: ActorRole | None,
        statuses: Collection[BookingStatus],
        starts_from: datetime | None,
        starts_before: datetime | None,
        limit: int,
        cursor: str | None,
    ) -> Page[BookingView]:
        """The viewer's bookings as `role` (owner, caregiver; None: both), of any of `statuses` (empty: all), the latest
        start first. Raises InvalidCursor (field `cursor`). Never one query per booking."""
        ...

    @abstractmethod
    async def occupying(self, *, viewer: Actor, role: ActorRole | None, period: Period) -> Sequence[BookingView]:
        """Of the viewer's bookings those that take a place at some instant of the period, the earliest start first."""
        ...

    @abstractmethod
    async def totals(
        self,
        *,
        viewer: Actor,
        role: ActorRole,
        starts_from: datetime | None,
        starts_before: datetime | None,
        now: datetime,
    ) -> BookingTotals:
        """Of the viewer's bookings as `role` that start in the period; `now` divides the upcoming from the others."""
        ...

    @abstractmethod
    async def contact(self, booking_id: BookingId, *, viewer: Actor) -> BookingContactView:
        """For the two parties of a booking that is PAID or later. Raises BookingNotFound, ContactNotRevealed."""
        ...

    @abstractmethod
    async def history(self, booking_id: BookingId, *, viewer: Actor) -> Sequence[BookingTransitionView]:
        """Every transition, the first one first. Raises BookingNotFound."""
        ...

    @abstractmethod
    async def report(self, booking_id: BookingId, *, viewer: Actor) -> ServiceReportView:
        """For its parties and admins. Raises BookingNotFound."""
        ...
