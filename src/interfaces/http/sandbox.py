"""Settling payments by hand; there only while the provider is the sandbox, and never in production."""

from uuid import UUID

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from application.payments.confirm_sandbox_payment import ConfirmSandboxPayment, SandboxOutcome
from application.ports.payments import ProviderPaymentStatus
from application.use_cases import UseCases
from domain.payments.payment import PaymentId, PaymentNotFound
from domain.shared.actor import Actor
from interfaces.http.openapi import BEARER, problems_of


class SandboxOutcomeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    outcome: SandboxOutcome


class SandboxPaymentView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The payment at the sandbox. The booking follows a moment later, when the event has been worked on."""

    payment_id: UUID
    status: ProviderPaymentStatus
    error: str | None


class SandboxController(Controller):
    path = "/api/sandbox/payments"
    tags = ("Sandbox",)
    security = BEARER

    @post(
        "/{payment_id:uuid}/confirm",
        status_code=200,
        summary="Play the bank: let a payment succeed, be declined or ask for more",
        responses=problems_of(401, 403, 404, 409),
    )
    async def confirm(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        payment_id: FromPath[UUID],
        data: JSONBody[SandboxOutcomeBody],
    ) -> SandboxPaymentView:
        payment = await _sandbox(use_cases).execute(actor=actor, payment_id=PaymentId(payment_id), outcome=data.outcome)
        return SandboxPaymentView(payment_id=payment_id, status=payment.status, error=payment.error)


def _sandbox(use_cases: UseCases) -> ConfirmSandboxPayment:
    if use_cases.confirm_sandbox_payment is None:
        raise PaymentNotFound
    return use_cases.confirm_sandbox_payment
