"""Payments behind a circuit breaker and a time-out."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from application.ports.payments import (
    PaymentRefused,
    Payments,
    PaymentsUnavailable,
    PaymentUnderWay,
    ProviderChargeback,
    ProviderPayment,
    ProviderRefund,
)
from domain.shared.money import Money
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker
from infrastructure.resilience.retries import call_with_retry

T = TypeVar("T")


def payments_breaker() -> Breaker:
    """The breaker of everything that goes to the payment provider: a refusal is an answer, not a failure."""
    return Breaker(
        "payments",
        BREAKER_RULES["payments"],
        is_failure=lambda error: not isinstance(error, (PaymentRefused, PaymentUnderWay)),
    )


async def call_provider(breaker: Breaker, function: Callable[[], Awaitable[T]], *, idempotent: bool = True) -> T:
    """Once more after a failure, if asking twice does no harm. Every call with an idempotency key is of that kind.

    Raises PaymentsUnavailable when the provider took too long, CircuitOpen while it is given a rest.
    """
    try:
        return await call_with_retry(breaker, function, idempotent=idempotent)
    except TimeoutError as error:
        raise PaymentsUnavailable("The payment provider took too long") from error


class GuardedPayments(Payments):
    """The payments of another adapter, through `breaker`. Raises CircuitOpen while the provider is given a rest."""

    def __init__(self, payments: Payments, breaker: Breaker) -> None:
        self._payments = payments
        self._breaker = breaker

    async def create(self, *, amount: Money, reference: str, idempotency_key: str) -> ProviderPayment:
        return await call_provider(
            self._breaker,
            lambda: self._payments.create(amount=amount, reference=reference, idempotency_key=idempotency_key),
        )

    async def retrieve(self, payment_id: str) -> ProviderPayment:
        return await call_provider(self._breaker, lambda: self._payments.retrieve(payment_id))

    async def cancel(self, payment_id: str, *, idempotency_key: str) -> ProviderPayment:
        return await call_provider(
            self._breaker, lambda: self._payments.cancel(payment_id, idempotency_key=idempotency_key)
        )

    async def refund(self, *, charge_id: str, amount: Money, idempotency_key: str) -> ProviderRefund:
        return await call_provider(
            self._breaker,
            lambda: self._payments.refund(charge_id=charge_id, amount=amount, idempotency_key=idempotency_key),
        )

    async def retrieve_refund(self, refund_id: str) -> ProviderRefund:
        return await call_provider(self._breaker, lambda: self._payments.retrieve_refund(refund_id))

    async def refunds_of(self, charge_id: str) -> Sequence[ProviderRefund]:
        return await call_provider(self._breaker, lambda: self._payments.refunds_of(charge_id))

    async def retrieve_chargeback(self, chargeback_id: str) -> ProviderChargeback:
        return await call_provider(self._breaker, lambda: self._payments.retrieve_chargeback(chargeback_id))
