"""What owners' banks do at the Stripe that we play."""

from collections.abc import Sequence

from application.ports.payments import PaymentRefused, Payments, ProviderChargeback, ProviderPayment, ProviderRefund
from application.ports.sandbox_bank import SandboxBank
from tests.support.stripe_answers import Refusal
from tests.support.stripe_world import StripeWorld


class PlayedBank(SandboxBank):
    def __init__(self, world: StripeWorld, payments: Payments) -> None:
        self._world = world
        self._payments = payments

    async def pay(self, payment_id: str) -> ProviderPayment:
        try:
            self._world.pay(payment_id)
        except Refusal as refusal:
            raise PaymentRefused from refusal
        return await self._payments.retrieve(payment_id)

    async def decline(self, payment_id: str, *, error: str) -> ProviderPayment:
        try:
            self._world.decline(payment_id, error=error)
        except Refusal as refusal:
            raise PaymentRefused from refusal
        return await self._payments.retrieve(payment_id)

    async def charge_back(self, payment_id: str) -> ProviderChargeback:
        charge_id = self._world.find(payment_id).get("latest_charge")
        if charge_id is None:
            raise PaymentRefused
        return await self._payments.retrieve_chargeback(self._world.dispute(charge_id))

    async def decide_chargeback(self, payment_id: str, *, won: bool) -> ProviderChargeback:
        disputes = self._world.of_payment("dispute", payment_id)
        if not disputes:
            raise PaymentRefused
        self._world.decide(disputes[-1]["id"], won=won)
        return await self._payments.retrieve_chargeback(disputes[-1]["id"])

    async def return_refunds(self, payment_id: str) -> Sequence[ProviderRefund]:
        charge_id = self._world.find(payment_id)["latest_charge"]
        for refund in await self._payments.refunds_of(charge_id):
            self._world.fail_refund(refund.id)
        return await self._payments.refunds_of(charge_id)
