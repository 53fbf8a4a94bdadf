"""The owner plays his own bank, as long as the provider is the sandbox."""

from dataclasses import dataclass
from enum import StrEnum

from application.payments.receive_payment_event import receive_payment_event
from application.ports.clock import Clock
from application.ports.event_inbox import InboxEvent
from application.ports.ids import Ids
from application.ports.payment_notices import NoticeSubject
from application.ports.payments import PaymentRefused, ProviderChargeback, ProviderPayment
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


class NothingWasCharged(Conflict):
    title = "The bank took no money for this payment, or has not taken it back"


class SandboxOutcome(StrEnum):
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    REQUIRES_ACTION = "requires_action"


class ChargebackOutcome(StrEnum):
    """`won` and `lost` by the platform."""

    OPENED = "opened"
    WON = "won"
    LOST = "lost"


_EVENTS = {
    SandboxOutcome.SUCCEEDED: "payment_intent.succeeded",
    SandboxOutcome.DECLINED: "payment_intent.payment_failed",
    SandboxOutcome.REQUIRES_ACTION: "payment_intent.requires_action",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaySandboxBank:
    """Settles payments at the sandbox, and tells it to ourselves as a provider would: by events in the inbox.

    Every method raises PaymentNotFound (a stranger's too), OnlyTheOwner and NotASandboxPayment.
    """

    unit_of_work: UnitOfWorkFactory
    bank: SandboxBank
    clock: Clock
    ids: Ids

    async def confirm(self, *, actor: Actor, payment_id: PaymentId, outcome: SandboxOutcome) -> ProviderPayment:
        object_id = await self._provider_payment_id(actor, payment_id)
        if outcome is SandboxOutcome.SUCCEEDED:
            payment = await self.bank.pay(object_id)
        else:
            error = "card_declined" if outcome is SandboxOutcome.DECLINED else "authentication_required"
            payment = await self.bank.decline(object_id, error=error)
        await self._tell(_EVENTS[outcome], NoticeSubject.PAYMENT, object_id)
        return payment

    async def charge_back(
        self, *, actor: Actor, payment_id: PaymentId, outcome: ChargebackOutcome
    ) -> ProviderChargeback:
        """The bank takes the money back, or decides about that. Raises NothingWasCharged."""
        object_id = await self._provider_payment_id(actor, payment_id)
        try:
            if outcome is ChargebackOutcome.OPENED:
                chargeback = await self.bank.charge_back(object_id)
            else:
                chargeback = await self.bank.decide_chargeback(object_id, won=outcome is ChargebackOutcome.WON)
        except PaymentRefused as error:
            raise NothingWasCharged from error
        opened = outcome is ChargebackOutcome.OPENED
        kind = "charge.dispute.created" if opened else "charge.dispute.closed"
        await self._tell(kind, NoticeSubject.CHARGEBACK, chargeback.id)
        return chargeback

    async def return_refunds(self, *, actor: Actor, payment_id: PaymentId) -> int:
        """The bank cannot credit the owner: the refunds made so far fail after all. Answers how many."""
        object_id = await self._provider_payment_id(actor, payment_id)
        returned = await self.bank.return_refunds(object_id)
        for refund in returned:
            await self._tell("refund.failed", NoticeSubject.REFUND, refund.id)
        return len(returned)

    async def _tell(self, kind: str, subject: NoticeSubject, object_id: str) -> None:
        event = InboxEvent(
            id=self.ids.new(),
            provider=SANDBOX,
            event_id=f"sbx_evt_{self.ids.new().hex}",
            kind=kind,
            subject=subject,
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
