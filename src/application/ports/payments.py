"""Taking money from owners, and giving it back."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.shared.errors import Unavailable
from domain.shared.money import Money


class PaymentsUnavailable(Unavailable):
    """The provider did not answer in time or answered nonsense. What was asked for may have happened: ask again with
    the same key. `retry_after_seconds` is the pause the provider asked for, 0 if it did not."""

    title = "Payments are temporarily unavailable"

    def __init__(self, detail: str = "", *, retry_after_seconds: float = 0) -> None:
        super().__init__(detail, retry_after=math.ceil(retry_after_seconds) or 5)
        self.retry_after_seconds = retry_after_seconds


class PaymentsMisconfigured(PaymentsUnavailable):
    """The provider does not accept our key, or does not let it do this: nothing happened, and nothing will before the
    operators have put it right."""


class PaymentUnderWay(PaymentsUnavailable):
    """The provider is at work on the same key at this moment. It is well: this is no failure."""


class PaymentRefused(Exception):
    """The provider says no for good (unknown payment, more than was captured, other parameters under the same key)."""


class ProviderPaymentStatus(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"


class ProviderRefundStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class ProviderChargebackStatus(StrEnum):
    """`opened` until the bank has decided; `won` gives the money back to the platform."""

    OPENED = "opened"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPayment:
    """A payment as its provider tells it now. `key` is the idempotency key it was opened with, None when somebody else
    opened it. `charge_id` exists once money moved; `client_secret` is never stored or logged."""

    id: str
    key: str | None
    status: ProviderPaymentStatus
    amount: Money
    client_secret: str
    charge_id: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRefund:
    """A refund as its provider tells it now; `key` as in ProviderPayment."""

    id: str
    key: str | None
    status: ProviderRefundStatus
    amount: Money
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChargeback:
    """Money that an owner's bank took back, or wants back, of the payment `payment_id`. Evidence against it counts
    until `evidence_due_by`. While it `is_inquiry` the bank only asks and has taken nothing; a chargeback may become of
    it, under the same id."""

    id: str
    payment_id: str
    status: ProviderChargebackStatus
    amount: Money
    reason: str
    evidence_due_by: datetime | None = None
    is_inquiry: bool = False


class Payments(Protocol):
    """The payment provider's payments, refunds and chargebacks.

    Promises, checked by `tests/contract/test_payments.py`: the same key with the same parameters answers the same
    object and moves money once; with other parameters it is PaymentRefused; refunds never add up to more than was
    captured; `cancel` of a payment that already succeeded changes nothing and answers it as it is. Providers forget
    keys after a day: whoever asks again later looks first (`retrieve`, `refunds_of`) for what came of it.
    Every method raises PaymentsUnavailable or PaymentRefused and no vendor's error.
    """

    @abstractmethod
    async def create(self, *, amount: Money, reference: str, idempotency_key: str) -> ProviderPayment:
        """Opens a payment of `amount`; `reference` (`booking_{id}`) groups what belongs together at the provider."""
        ...

    @abstractmethod
    async def retrieve(self, payment_id: str) -> ProviderPayment: ...

    @abstractmethod
    async def cancel(self, payment_id: str, *, idempotency_key: str) -> ProviderPayment: ...

    @abstractmethod
    async def refund(self, *, charge_id: str, amount: Money, idempotency_key: str) -> ProviderRefund: ...

    @abstractmethod
    async def retrieve_refund(self, refund_id: str) -> ProviderRefund: ...

    @abstractmethod
    async def refunds_of(self, charge_id: str) -> Sequence[ProviderRefund]:
        """Every refund of a charge, failed ones too."""
        ...

    @abstractmethod
    async def retrieve_chargeback(self, chargeback_id: str) -> ProviderChargeback: ...
