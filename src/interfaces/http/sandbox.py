"""Playing the owner's bank; there only while the provider is the sandbox, and never in production."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from application.payments.play_sandbox_bank import ChargebackOutcome, PlaySandboxBank, SandboxOutcome
from application.ports.payments import ProviderChargebackStatus, ProviderPaymentStatus
from application.use_cases import UseCases
from domain.payments.payment import PaymentId, PaymentNotFound
from domain.shared.actor import Actor
from interfaces.http.json_body import NoInput
from interfaces.http.openapi import BEARER, problems_of


class SandboxOutcomeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    outcome: SandboxOutcome


class ChargebackBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    outcome: Annotated[ChargebackOutcome, Meta(examples=[ChargebackOutcome.OPENED])]


class SandboxPaymentView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The payment at the sandbox. The booking follows a moment later, when the event has been worked on."""

    payment_id: UUID
    status: ProviderPaymentStatus
    error: str | None


class SandboxChargebackView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The chargeback at the sandbox; what follows from it comes a moment later."""

    payment_id: UUID
    status: ProviderChargebackStatus


class ReturnedRefundsView(Struct, frozen=True, kw_only=True):
    returned: int


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
        payment = await _bank(use_cases).confirm(actor=actor, payment_id=PaymentId(payment_id), outcome=data.outcome)
        return SandboxPaymentView(payment_id=payment_id, status=payment.status, error=payment.error)

    @post(
        "/{payment_id:uuid}/chargeback",
        status_code=200,
        summary="Play the bank: take the money back, or decide about that",
        responses=problems_of(401, 403, 404, 409),
    )
    async def charge_back(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        payment_id: FromPath[UUID],
        data: JSONBody[ChargebackBody],
    ) -> SandboxChargebackView:
        chargeback = await _bank(use_cases).charge_back(
            actor=actor, payment_id=PaymentId(payment_id), outcome=data.outcome
        )
        return SandboxChargebackView(payment_id=payment_id, status=chargeback.status)

    @post(
        "/{payment_id:uuid}/return-refunds",
        status_code=200,
        summary="Play the bank: refunds cannot be credited after all",
        responses=problems_of(401, 403, 404, 409),
    )
    async def return_refunds(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        payment_id: FromPath[UUID],
        data: JSONBody[NoInput | None] = None,  # noqa: ARG002 - refuses any other body
    ) -> ReturnedRefundsView:
        returned = await _bank(use_cases).return_refunds(actor=actor, payment_id=PaymentId(payment_id))
        return ReturnedRefundsView(returned=returned)


def _bank(use_cases: UseCases) -> PlaySandboxBank:
    if use_cases.play_sandbox_bank is None:
        raise PaymentNotFound
    return use_cases.play_sandbox_bank
