"""What caregivers earn, from the ledger."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from application.ports.views import MoneyView, Page
from domain.bookings.booking_life import BookingStatus
from domain.caregivers.services import Service
from domain.payments.ledger import TransactionKind
from domain.payments.payout import PayoutStatus
from domain.shared.actor import CaregiverId
from domain.shared.money import Money
from domain.shared.period import Period


class OwnPayoutView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`amount` went, or is to go, to the caregiver's account; `netted` paid what he owed; `reversed` was taken back."""

    id: UUID
    booking_id: UUID
    service: Service
    start_at: datetime
    end_at: datetime
    status: PayoutStatus
    amount: MoneyView
    netted: MoneyView
    reversed: MoneyView
    decided_at: datetime
    paid_at: datetime | None


class UnpaidShare(Struct, frozen=True, kw_only=True):
    """A caregiver's share of a booking that was not paid out yet."""

    booking_id: UUID
    booking_status: BookingStatus
    end_at: datetime
    due_at: datetime | None
    is_held: bool
    amount: Money


class EarningsMovement(Struct, frozen=True, kw_only=True):
    """A line of the caregiver's books. `earned` is what his balance gained, negative for what he lost or was paid;
    `gross` and `commission` are 0 unless something was sold or given back."""

    at: datetime
    kind: TransactionKind
    booking_id: UUID | None
    service: Service | None
    gross: Money
    commission: Money
    earned: Money


class EarningsQueries(Protocol):
    """Checked by `tests/contract/test_earnings_queries.py`."""

    @abstractmethod
    async def unpaid(self, caregiver_id: CaregiverId) -> Sequence[UnpaidShare]:
        """Every booking whose share is not 0."""
        ...

    @abstractmethod
    async def paid(self, caregiver_id: CaregiverId) -> Money:
        """What went to his account, less what was taken back."""
        ...

    @abstractmethod
    async def debt(self, caregiver_id: CaregiverId) -> Money:
        """What later payouts will be reduced by."""
        ...

    @abstractmethod
    async def balance_before(self, caregiver_id: CaregiverId, at: datetime) -> Money:
        """What he was owed then, less his debts."""
        ...

    @abstractmethod
    async def payouts(self, caregiver_id: CaregiverId, *, limit: int, cursor: str | None) -> Page[OwnPayoutView]:
        """The newest first. Raises InvalidCursor."""
        ...

    @abstractmethod
    async def caregivers_with_movements(self, period: Period) -> Sequence[CaregiverId]:
        """Those whose earnings changed in the period."""
        ...

    @abstractmethod
    async def movements(self, caregiver_id: CaregiverId, period: Period) -> Sequence[EarningsMovement]:
        """Whatever changed his earnings in the period, in the order it did."""
        ...
