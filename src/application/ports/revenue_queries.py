"""What was earned, and by how much business."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from domain.bookings.booking_life import BookingStatus
from domain.shared.money import Money
from domain.shared.period import Period


class Revenue(Struct, frozen=True, kw_only=True):
    """`gmv` is what was captured less what went back; `commission` the platform's share of it."""

    gmv: Money
    commission: Money


class UserCounts(Struct, frozen=True, kw_only=True, rename="camel"):
    """As they are now, but for `registered`, which is those of the period. `owners` have a pet; one account may be
    counted as several."""

    total: int
    owners: int
    caregivers: int
    approved_caregivers: int
    admins: int
    registered: int


class RevenueQueries(Protocol):
    """The one place from which sums of money for admins come, which has them from the ledger.

    Promises, checked by `tests/contract/test_revenue_queries.py`: money counts at the instant it arrived, and a refund
    or a lost chargeback at the instant it was decided, so that the sums of two periods that meet are the sum of both. A
    refund that failed still counts: the owner is owed it. The commission of a booking is that of what was kept of it,
    at the booking's own rate, half up.
    """

    @abstractmethod
    async def revenue(self, period: Period) -> Revenue: ...

    @abstractmethod
    async def bookings_by_status(self, period: Period) -> Mapping[BookingStatus, int]:
        """Those requested in the period, by the status they have now."""
        ...

    @abstractmethod
    async def bookings_by_hour(self, period: Period) -> Mapping[datetime, int]:
        """How many were requested in each hour (UTC, its beginning) of the period; hours without any are left out."""
        ...

    @abstractmethod
    async def users(self, period: Period) -> UserCounts: ...
