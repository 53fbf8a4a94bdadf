"""The owner plays his own bank, as long as the provider is the sandbox."""

from dataclasses import dataclass
from enum import StrEnum

from application.payments.receive_payment_event import receive_payment_event
from application.ports.clock import Clock
from application.ports.event_inbox import InboxEvent
from application.ports.ids import Ids
from application.ports.payments import ProviderPayment
from application.ports.sandbox_bank import SandboxBank
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import ActorRole
from domain.bookings.booking_refusals import BookingNotFound, OnlyTheOwner
from domain.payments.payment import PaymentId, PaymentNotFound
from domain.shared.actor import Actor
from domain.shared.errors import Conflict

SANDBOX = "sandbox"


class NotASandboxPayment(Conflict):
    title = "The payment is not one of the sandbox, or was not opened there yet"


class SandboxOutcome(StrEnum):
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    REQUIRES_ACTION = "requires_action"


_EVENTS = {
    SandboxOutcome.SUCCEEDED: "payment_intent.succeeded",
    SandboxOutcome.DECLINED: "payment_intent.payment_failed",
    SandboxOutcome.REQUIRES_ACTION: "payment_intent.requires_action",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmSandboxPayment:
    """Settles a payment at the sandbox, and tells it to ourselves as a provider would: by an event in the inbox."""

    unit_of_work: UnitOfWorkFactory
    bank: SandboxBank
    clock: Clock
    ids: Ids

    async def execute(self, *, actor: Actor, payment_id: PaymentId, outcome: SandboxOutcome) -> ProviderPayment:
        """Raises PaymentNotFound (a stranger's too), OnlyTheOwner, NotASandboxPayment."""
        object_id = await self._provider_payment_id(actor, payment_id)
        if outcome is SandboxOutcome.SUCCEEDED:
            payment = await self.bank.pay(object_id)
        else:
            error = "card_declined" if outcome is SandboxOutcome.DECLINED else "authentication_required"
            payment = await self.bank.decline(object_id, error=error)
        await self._tell(_EVENTS[outcome], object_id)
        return payment

    async def _tell(self, kind: str, object_id: str) -> None:
        event = InboxEvent(
            id=self.ids.new(),
            provider=SANDBOX,
            event_id=f"sbx_evt_{self.ids.new().hex}",
            kind=kind,
            object_id=object_id,
            received_at=self.clock.now(),
        )
        async with self.unit_of_work() as uow:
            await receive_payment_event(uow, event)

    async def _provider_payment_id(self, actor: Actor, payment_id: PaymentId) -> str:
        async with self.unit_of_work() as uow:
            payment = await uow.payments.get(payment_id)
            booking = await uow.bookings.get(payment.booking_id)
        try:
            role = booking.role_of(actor)
        except BookingNotFound:
            raise PaymentNotFound from None
        if role is not ActorRole.OWNER:
            raise OnlyTheOwner
        if payment.provider != SANDBOX or payment.provider_payment_id is None:
            raise NotASandboxPayment
        return payment.provider_payment_id
