"""Acting on the provider's notice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from application.payments.provider_word import (
    take_over,
    take_over_chargeback,
    take_over_refund,
    take_over_transfer,
)
from application.ports.clock import Clock
from application.ports.connected_accounts import ConnectedAccounts
from application.ports.event_inbox import InboxEvent
from application.ports.ids import Ids
from application.ports.payment_notices import NoticeSubject
from application.ports.payments import PaymentRefused, Payments, ProviderPayment
from application.ports.transfers import Transfers
from application.ports.unit_of_work import StaleVersion, UnitOfWork, UnitOfWorkFactory
from domain.payments.idempotency_keys import KeyKind, subject_of
from domain.payments.payment import Payment

Effect: TypeAlias = Callable[[UnitOfWork], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyPaymentEvent:
    """Reads the object anew and applies what it is now: the event itself is only a reason to look.

    Runs as a job, any number of times; the mark "applied" belongs to the transaction of the effect. An object is ours
    when we know its id, or when it carries a key of ours, which it does before our own record of it is committed. An
    event about anything else is marked and has no effect.
    """

    unit_of_work: UnitOfWorkFactory
    payments: Payments
    transfers: Transfers
    connected_accounts: ConnectedAccounts
    provider: str
    clock: Clock
    ids: Ids

    async def execute(self, *, inbox_id: UUID) -> None:
        async with self.unit_of_work() as uow:
            event = await uow.inbox.get(inbox_id)
        if event.applied_at is not None:
            return
        try:
            effect = await self._look(event)
        except PaymentRefused:
            # Whatever it is, it is not at our account of the provider.
            effect = None
        async with self.unit_of_work() as uow:
            if effect is not None:
                await effect(uow)
            await uow.inbox.mark_applied(inbox_id, at=self.clock.now())
            uow.jobs.finish_current()

    async def _look(self, event: InboxEvent) -> Effect | None:
        if event.provider != self.provider:
            return None
        match event.subject:
            case NoticeSubject.PAYMENT:
                return await self._of_payment(event.object_id)
            case NoticeSubject.REFUND:
                return await self._of_refund(event.object_id)
            case NoticeSubject.TRANSFER:
                return await self._of_transfer(event.object_id)
            case NoticeSubject.CHARGEBACK:
                return await self._of_chargeback(event.object_id)
            case NoticeSubject.ACCOUNT:
                return await self._of_account(event.object_id)
            case NoticeSubject.OTHER:
                return None

    async def _of_payment(self, object_id: str) -> Effect:
        seen = await self.payments.retrieve(object_id)

        async def apply(uow: UnitOfWork) -> None:
            payment = await self._ours(uow, seen)
            if payment is not None:
                await self._take_over(uow, payment, seen)

        return apply

    async def _of_refund(self, object_id: str) -> Effect | None:
        seen = await self.payments.retrieve_refund(object_id)
        subject = subject_of(seen.key, KeyKind.REFUND)
        if subject is None:
            return None
        booking_id, number = subject

        async def apply(uow: UnitOfWork) -> None:
            for refund in await uow.payments.refunds_of_booking(booking_id):
                if refund.number == number:
                    await take_over_refund(
                        uow, booking_id=booking_id, refund_id=refund.id, seen=seen, ids=self.ids, now=self.clock.now()
                    )

        return apply

    async def _of_transfer(self, object_id: str) -> Effect | None:
        seen = await self.transfers.retrieve(object_id)
        subject = subject_of(seen.key, KeyKind.TRANSFER)
        if subject is None:
            return None
        booking_id, _ = subject

        async def apply(uow: UnitOfWork) -> None:
            payout = await uow.payouts.of_booking(booking_id)
            if payout is not None:
                await take_over_transfer(
                    uow, booking_id=booking_id, payout_id=payout.id, seen=seen, ids=self.ids, now=self.clock.now()
                )

        return apply

    async def _of_chargeback(self, object_id: str) -> Effect:
        seen = await self.payments.retrieve_chargeback(object_id)
        charged = await self.payments.retrieve(seen.payment_id)

        async def apply(uow: UnitOfWork) -> None:
            payment = await self._ours(uow, charged)
            if payment is not None:
                # What tells that the money came may be on its way still.
                payment = await self._take_over(uow, payment, charged)
                await take_over_chargeback(uow, payment=payment, seen=seen, ids=self.ids, now=self.clock.now())

        return apply

    async def _of_account(self, object_id: str) -> Effect:
        async with self.unit_of_work() as uow:
            before = await uow.caregivers.of_payout_account(object_id)
        seen = await self.connected_accounts.retrieve(object_id)

        async def apply(uow: UnitOfWork) -> None:
            caregiver = await uow.caregivers.of_payout_account(seen.id)
            if caregiver is None:
                return
            if before is None or caregiver.version != before.version:
                # Somebody may have read the account later than this, and written it down sooner.
                raise StaleVersion
            if caregiver.can_receive_transfers == seen.can_receive_transfers:
                return
            caregiver.can_receive_transfers = seen.can_receive_transfers
            await uow.caregivers.save(caregiver)

        return apply

    async def _ours(self, uow: UnitOfWork, seen: ProviderPayment) -> Payment | None:
        known = await uow.payments.by_provider_id(self.provider, seen.id)
        subject = subject_of(seen.key, KeyKind.PAYMENT)
        if known is not None or subject is None:
            return known
        booking_id, attempt = subject
        attempts = await uow.payments.of_booking(booking_id)
        return next((payment for payment in attempts if payment.attempt == attempt), None)

    async def _take_over(self, uow: UnitOfWork, payment: Payment, seen: ProviderPayment) -> Payment:
        return await take_over(
            uow,
            booking_id=payment.booking_id,
            payment_id=payment.id,
            seen=seen,
            ids=self.ids,
            now=self.clock.now(),
        )
