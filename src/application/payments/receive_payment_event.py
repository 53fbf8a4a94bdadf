"""Keeping the provider's notice that something changed."""

from dataclasses import dataclass

from application.payments.money_jobs import enqueue_apply_event
from application.ports.clock import Clock
from application.ports.event_inbox import InboxEvent
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivePaymentEvent:
    """Keeps an event and the job that applies it in one transaction; the signature was checked before.

    Answers whether the event is new; a repeated one leaves nothing behind.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids

    async def execute(self, *, provider: str, event_id: str, kind: str, object_id: str) -> bool:
        event = InboxEvent(
            id=self.ids.new(),
            provider=provider,
            event_id=event_id,
            kind=kind,
            object_id=object_id,
            received_at=self.clock.now(),
        )
        async with self.unit_of_work() as uow:
            is_new = await uow.inbox.receive(event)
            if is_new:
                await enqueue_apply_event(uow, event.id)
        return is_new
