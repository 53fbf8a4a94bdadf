"""The facts that mails tell."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.bookings.booking_life import ActorRole, BookingId, BookingStatus
from domain.bookings.dispute import Dispute
from domain.bookings.quote import QuoteId
from domain.caregivers.services import Service
from domain.payments.payout import PayoutId
from domain.payments.refund import RefundId
from domain.shared.actor import AccountId, CaregiverId
from domain.shared.languages import Language
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who gets a mail, and in which language."""

    account_id: AccountId
    email: str
    first_name: str
    last_name: str
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalNews:
    """What a paid booking may become, until `until`; `is_accepted` tells that it only has to be paid."""

    quote_id: QuoteId
    start_at: datetime
    end_at: datetime
    pets: tuple[str, ...]
    gross: Money
    net: Money
    until: datetime
    is_accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingNews:
    """A booking as mails tell it. Instants in the booking's own time zone; `reason` and `ended_by` of its last
    transition, with which `went_back` was decided to. `payout` is the caregiver's share of what was kept.
    `series_length` is how many bookings were made together with it, 1 for one by itself."""

    id: BookingId
    quote_id: QuoteId
    status: BookingStatus
    owner: Reader
    caregiver: Reader
    parties_revealed: bool
    service: Service
    start_at: datetime
    end_at: datetime
    pets: tuple[str, ...]
    gross: Money
    net: Money
    captured: Money
    refunded: Money
    went_back: Money
    answer_until: datetime
    pay_from: datetime | None
    pay_until: datetime | None
    booked_instantly: bool
    reason: str | None
    ended_by: ActorRole
    disputable_until: datetime | None
    dispute: Dispute | None
    payout: Money
    series_length: int
    meet_and_greet: bool
    proposal: ProposalNews | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaregiverNews:
    id: CaregiverId
    holder: Reader
    rejection_reason: str | None


class MailQueries(Protocol):
    """Reads for mails; each raises NotFound when there is no such thing."""

    @abstractmethod
    async def reader(self, account_id: AccountId) -> Reader: ...

    @abstractmethod
    async def admins(self) -> Sequence[AccountId]: ...

    @abstractmethod
    async def booking(self, booking_id: BookingId) -> BookingNews: ...

    @abstractmethod
    async def refund(self, refund_id: RefundId) -> tuple[BookingId, Money]: ...

    @abstractmethod
    async def payout(self, payout_id: PayoutId) -> tuple[BookingId, Money, Money]:
        """The booking, what was transferred, and what paid a debt."""
        ...

    @abstractmethod
    async def caregiver(self, caregiver_id: CaregiverId) -> CaregiverNews: ...
