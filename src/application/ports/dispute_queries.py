"""Disputes as admins see them."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from application.ports.booking_queries import PartyView
from application.ports.views import MoneyView, Page
from domain.bookings.booking_life import BookingId, BookingStatus
from domain.bookings.dispute import DisputeDecision
from domain.caregivers.services import Service
from domain.shared.errors import NotFound


class DisputeNotFound(NotFound):
    title = "There is no such dispute"


class DisputeView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A booking has at most one dispute, so that its `id` is the booking's. Of `captured` and `refunded` the decision
    can give back the difference; `refund` is what it gave."""

    id: UUID
    booking_id: UUID
    booking_status: BookingStatus
    owner: PartyView
    caregiver: PartyView
    service: Service
    start_at: datetime
    end_at: datetime
    gross: MoneyView
    captured: MoneyView
    refunded: MoneyView
    opened_at: datetime
    reason: str
    decision: DisputeDecision | None
    decided_at: datetime | None
    decision_reason: str | None
    refund: MoneyView | None


class DisputeQueries(Protocol):
    """Reads for admins; parties are shown by their full names."""

    @abstractmethod
    async def of_all(self, *, decided: bool | None, limit: int, cursor: str | None) -> Page[DisputeView]:
        """Those that wait for a decision, those decided, or both; the oldest first. Raises InvalidCursor."""
        ...

    @abstractmethod
    async def of_booking(self, booking_id: BookingId) -> DisputeView:
        """Raises DisputeNotFound."""
        ...
