"""Acting on the provider's notice."""

from dataclasses import dataclass
from uuid import UUID

from application.payments.provider_word import take_over
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.payments import Payments
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.payments.payment import Payment


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyPaymentEvent:
    """Reads the payment anew and applies what it is now: the event itself is only a reason to look.

    Runs as a job, any number of times; the mark "applied" belongs to the transaction of the effect. An event about
    something that is not one of our payments is marked and has no effect.
    """

    unit_of_work: UnitOfWorkFactory
    payments: Payments
    clock: Clock
    ids: Ids

    async def execute(self, *, inbox_id: UUID) -> None:
        async with self.unit_of_work() as uow:
            event = await uow.inbox.get(inbox_id)
            if event.applied_at is not None:
                return
            payment = await uow.payments.by_provider_id(event.provider, event.object_id)
            if payment is None:
                await uow.inbox.mark_applied(inbox_id, at=self.clock.now())
                uow.jobs.finish_current()
                return
        await self._apply(inbox_id, payment, event.object_id)

    async def _apply(self, inbox_id: UUID, payment: Payment, object_id: str) -> None:
        seen = await self.payments.retrieve(object_id)
        now = self.clock.now()
        async with self.unit_of_work() as uow:
            await take_over(uow, booking_id=payment.booking_id, payment_id=payment.id, seen=seen, ids=self.ids, now=now)
            await uow.inbox.mark_applied(inbox_id, at=now)
            uow.jobs.finish_current()
