"""What admins see of money that is on its way, or is not where it should be."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from application.ports.views import MoneyView, Page
from domain.payments.chargeback import ChargebackStatus
from domain.payments.difference import DifferenceKind
from domain.payments.payout import PayoutStatus
from domain.payments.refund import RefundStatus


class AdminPayoutView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`amount` is or was transferred, `netted` paid a debt; of the amount `reversed` was taken back, and `owed` could
    not be."""

    id: UUID
    booking_id: UUID
    caregiver_id: UUID
    status: PayoutStatus
    attempt: int
    amount: MoneyView
    netted: MoneyView
    reversed: MoneyView
    owed: MoneyView
    error: str | None
    decided_at: datetime
    settled_at: datetime | None


class AdminRefundView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`retriedAs` is the number of the refund that was made in its place."""

    id: UUID
    booking_id: UUID
    number: int
    status: RefundStatus
    amount: MoneyView
    reason: str
    error: str | None
    created_at: datetime
    settled_at: datetime | None
    retried_as: int | None


class ChargebackView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`evidenceDueBy` is until when evidence counts."""

    id: UUID
    booking_id: UUID
    status: ChargebackStatus
    amount: MoneyView
    reason: str
    evidence_due_by: datetime | None
    opened_at: datetime
    settled_at: datetime | None


class DifferenceView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`ours` is what the ledger says of `reference`, `theirs` what the provider says; null for nothing at all."""

    id: UUID
    kind: DifferenceKind
    reference: str
    ours: MoneyView | None
    theirs: MoneyView | None
    found_at: datetime
    gone_at: datetime | None


class MoneyQueries(Protocol):
    """Lists for admins, the newest first. Each raises InvalidCursor.

    Checked by `tests/contract/test_earnings_queries.py`.
    """

    @abstractmethod
    async def payouts(
        self, *, status: PayoutStatus | None, limit: int, cursor: str | None
    ) -> Page[AdminPayoutView]: ...

    @abstractmethod
    async def refunds(
        self, *, status: RefundStatus | None, limit: int, cursor: str | None
    ) -> Page[AdminRefundView]: ...

    @abstractmethod
    async def chargebacks(
        self, *, status: ChargebackStatus | None, limit: int, cursor: str | None
    ) -> Page[ChargebackView]: ...

    @abstractmethod
    async def differences(self, *, gone: bool | None, limit: int, cursor: str | None) -> Page[DifferenceView]: ...
