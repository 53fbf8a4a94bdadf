"""Payments, refunds and chargebacks at Stripe."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, convert

from application.ports.payments import (
    PaymentRefused,
    Payments,
    ProviderChargeback,
    ProviderChargebackStatus,
    ProviderPayment,
    ProviderPaymentStatus,
    ProviderRefund,
    ProviderRefundStatus,
)
from domain.shared.money import Money
from infrastructure.payments.stripe_client import Answer, Made, Named, StripeCalls, euros, id_of, keyed

PROVIDER = "stripe"
# It may fail weeks after it has succeeded: a caregiver would have been paid by then.
EXCLUDED_METHODS = ["sepa_debit"]

PAYMENT_STATUS: Mapping[str, ProviderPaymentStatus] = {
    "requires_payment_method": ProviderPaymentStatus.AWAITING_PAYMENT,
    "requires_confirmation": ProviderPaymentStatus.AWAITING_PAYMENT,
    "requires_action": ProviderPaymentStatus.AWAITING_PAYMENT,
    "processing": ProviderPaymentStatus.PROCESSING,
    # Held, not taken. We never ask for that.
    "requires_capture": ProviderPaymentStatus.PROCESSING,
    "succeeded": ProviderPaymentStatus.SUCCEEDED,
    "canceled": ProviderPaymentStatus.CANCELLED,
}
REFUND_STATUS: Mapping[str, ProviderRefundStatus] = {
    "pending": ProviderRefundStatus.PENDING,
    "requires_action": ProviderRefundStatus.PENDING,
    "succeeded": ProviderRefundStatus.SUCCEEDED,
    "failed": ProviderRefundStatus.FAILED,
    "canceled": ProviderRefundStatus.FAILED,
}
CHARGEBACK_STATUS: Mapping[str, ProviderChargebackStatus] = {
    "warning_needs_response": ProviderChargebackStatus.OPENED,
    "warning_under_review": ProviderChargebackStatus.OPENED,
    # The bank has asked and let it be: nothing was taken.
    "warning_closed": ProviderChargebackStatus.WON,
    "needs_response": ProviderChargebackStatus.OPENED,
    "under_review": ProviderChargebackStatus.OPENED,
    "won": ProviderChargebackStatus.WON,
    "lost": ProviderChargebackStatus.LOST,
    # Given back by a rule of the card's network, before it came to a chargeback: gone all the same.
    "prevented": ProviderChargebackStatus.LOST,
    # Lost, and asked for once more: gone unless it is won yet.
    "appeal_needs_response": ProviderChargebackStatus.LOST,
    "appeal_under_review": ProviderChargebackStatus.LOST,
}


class StripePayments(Payments):
    def __init__(self, stripe: StripeCalls) -> None:
        self._stripe = stripe

    async def create(self, *, amount: Money, reference: str, idempotency_key: str) -> ProviderPayment:
        asked = {
            "amount": amount.amount_cents,
            "currency": amount.currency.lower(),
            "automatic_payment_methods": {"enabled": True},
            "excluded_payment_method_types": EXCLUDED_METHODS,
            "transfer_group": reference,
            "metadata": {"key": idempotency_key},
        }
        return await self._stripe.ask(
            lambda v1: v1.payment_intents.create_async(asked, keyed(idempotency_key)), _payment
        )

    async def retrieve(self, payment_id: str) -> ProviderPayment:
        return await self._stripe.ask(lambda v1: v1.payment_intents.retrieve_async(payment_id), _payment)

    async def cancel(self, payment_id: str, *, idempotency_key: str) -> ProviderPayment:
        try:
            return await self._stripe.ask(
                lambda v1: v1.payment_intents.cancel_async(payment_id, {}, keyed(idempotency_key)), _payment
            )
        except PaymentRefused:
            # It has succeeded, or is cancelled already: then it is told as it is.
            return await self.retrieve(payment_id)

    async def refund(self, *, charge_id: str, amount: Money, idempotency_key: str) -> ProviderRefund:
        asked = {"charge": charge_id, "amount": euros(amount), "metadata": {"key": idempotency_key}}
        return await self._stripe.ask(lambda v1: v1.refunds.create_async(asked, keyed(idempotency_key)), _refund)

    async def retrieve_refund(self, refund_id: str) -> ProviderRefund:
        return await self._stripe.ask(lambda v1: v1.refunds.retrieve_async(refund_id), _refund)

    async def refunds_of(self, charge_id: str) -> Sequence[ProviderRefund]:
        return [
            refund
            async for refund in self._stripe.each(
                lambda v1, place: v1.refunds.list_async({"charge": charge_id, **place}), _refund
            )
        ]

    async def retrieve_chargeback(self, chargeback_id: str) -> ProviderChargeback:
        return await self._stripe.ask(lambda v1: v1.disputes.retrieve_async(chargeback_id), _chargeback)


class _Problem(Struct):
    code: str | None = None


class _Intent(Made, kw_only=True):
    status: str
    client_secret: str
    latest_charge: str | Named | None = None
    last_payment_error: _Problem | None = None


class _Refund(Made, kw_only=True):
    status: str
    failure_reason: str | None = None


class _Evidence(Struct):
    due_by: int | None = None


class _Dispute(Made, kw_only=True):
    status: str
    payment_intent: str | Named | None
    reason: str
    evidence_details: _Evidence


def _payment(answer: Answer) -> ProviderPayment:
    intent = convert(answer, _Intent)
    status = PAYMENT_STATUS[intent.status]
    problem = intent.last_payment_error
    # The charge of a failed try is none: no money moved.
    charge = intent.latest_charge if status is ProviderPaymentStatus.SUCCEEDED else None
    return ProviderPayment(
        id=intent.id,
        key=intent.key,
        status=status,
        amount=intent.money,
        client_secret=intent.client_secret,
        charge_id=id_of(charge) if charge else None,
        error=(problem.code or "payment_failed") if problem else None,
    )


def _refund(answer: Answer) -> ProviderRefund:
    refund = convert(answer, _Refund)
    status = REFUND_STATUS[refund.status]
    return ProviderRefund(
        id=refund.id,
        key=refund.key,
        status=status,
        amount=refund.money,
        error=(refund.failure_reason or refund.status) if status is ProviderRefundStatus.FAILED else None,
    )


def _chargeback(answer: Answer) -> ProviderChargeback:
    dispute = convert(answer, _Dispute)
    if dispute.payment_intent is None:
        # Somebody charged a card without us.
        raise PaymentRefused("the chargeback is of no payment")
    due_by = dispute.evidence_details.due_by
    return ProviderChargeback(
        id=dispute.id,
        payment_id=id_of(dispute.payment_intent),
        status=CHARGEBACK_STATUS[dispute.status],
        amount=dispute.money,
        reason=dispute.reason,
        evidence_due_by=datetime.fromtimestamp(due_by, UTC) if due_by else None,
        is_inquiry=dispute.status.startswith("warning_"),
    )
