"""Keeping the provider's notice that something changed: the one way in, for the sandbox as for any provider."""

from application.payments.money_jobs import enqueue_apply_event
from application.ports.event_inbox import InboxEvent
from application.ports.unit_of_work import UnitOfWork


async def receive_payment_event(uow: UnitOfWork, event: InboxEvent) -> bool:
    """Keeps an event and the job that applies it, in the caller's transaction; the signature was checked before.

    Answers whether the event is new; a repeated one leaves nothing behind.
    """
    is_new = await uow.inbox.receive(event)
    if is_new:
        await enqueue_apply_event(uow, event.id)
    return is_new
