"""Bookings and the places they take, inside a unit of work."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId, SeriesId
from domain.bookings.free_periods import Occupancy
from domain.shared.actor import AccountId, Actor, CaregiverId
from domain.shared.period import Period


class BookingRepository(Protocol):
    """Keeps bookings, their transitions, and one place per pet of the caregiver's capacity.

    Promises: a place is taken exactly while the status is not one of STATUSES_THAT_FREE_THE_PLACE; at no instant are
    more places taken than the caregiver's maximum, whatever runs at once. Who adds or moves bookings locks the
    caregiver first.
    """

    @abstractmethod
    async def get(self, booking_id: BookingId, *, for_update: bool = False) -> Booking:
        """`for_update` locks the booking until the unit of work ends. Raises BookingNotFound."""
        ...

    @abstractmethod
    async def add(self, booking: Booking) -> None:
        """Takes the places. Raises SlotTaken when they would exceed the caregiver's maximum at any instant.

        AlreadyMet: a meet-and-greet of the two stands already.
        """
        ...

    @abstractmethod
    async def save(self, booking: Booking) -> None:
        """Keeps the state with its new transitions and events, and frees the places by status. Raises StaleVersion."""
        ...

    @abstractmethod
    async def move(self, booking: Booking) -> None:
        """Saves a booking whose period or pets changed, and takes its new places instead of the old ones, which do not
        count meanwhile. Who calls it locks the caregiver before the booking. Raises SlotTaken, StaleVersion."""
        ...

    @abstractmethod
    async def of_series(self, series_id: SeriesId, *, seen_by: Actor) -> Sequence[Booking]:
        """Every booking of a series, locked, the earliest first. Raises SeriesNotFound, also for a stranger's."""
        ...

    @abstractmethod
    async def occupancies(
        self, caregiver_id: CaregiverId, period: Period, *, but: BookingId | None = None
    ) -> Sequence[Occupancy]:
        """What takes a caregiver up in a period, the booking `but` not counted."""
        ...

    @abstractmethod
    async def have_met(self, owner_id: AccountId, caregiver_id: CaregiverId) -> bool:
        """Whether a meet-and-greet of the two stands or took place, or a booking of theirs is PAID or later."""
        ...

    @abstractmethod
    async def due_for_expiry(self, now: datetime, *, limit: int) -> Sequence[BookingId]:
        """Pending ones with `answer_until` ≤ now, accepted ones with `pay_until` ≤ now and paid ones whose proposal has
        `until` ≤ now, the longest due first; never an accepted meet-and-greet."""
        ...

    @abstractmethod
    async def due_for_payout(self, now: datetime, *, limit: int) -> Sequence[BookingId]:
        """Those whose share is due, which nothing holds, which have no payout yet and whose caregiver can be paid, what
        is due first comes first."""
        ...

    @abstractmethod
    async def due_for_completion(self, now: datetime, *, limit: int) -> Sequence[BookingId]:
        """Paid ones and those in progress whose end is 24 hours past, and accepted meet-and-greets that are over, what
        ends first comes first."""
        ...
