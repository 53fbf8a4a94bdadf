"""The payment provider tells that something changed."""

from dataclasses import dataclass

from application.payments.receive_payment_event import receive_payment_event
from application.ports.clock import Clock
from application.ports.event_inbox import InboxEvent
from application.ports.ids import Ids
from application.ports.payment_notices import PaymentNotices
from application.ports.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivePaymentNotice:
    """Keeps a genuine notice and the job that looks what has changed, in one transaction, before it is acknowledged.

    A notice that was kept before leaves nothing behind. `provider` names whose notices `notices` reads.
    """

    unit_of_work: UnitOfWorkFactory
    notices: PaymentNotices
    provider: str
    clock: Clock
    ids: Ids

    async def execute(self, *, body: bytes, signature: str) -> None:
        """Raises NoticeNotGenuine."""
        notice = self.notices.read(body, signature=signature)
        event = InboxEvent(
            id=self.ids.new(),
            provider=self.provider,
            event_id=notice.event_id,
            kind=notice.kind,
            subject=notice.subject,
            object_id=notice.object_id,
            received_at=self.clock.now(),
        )
        async with self.unit_of_work() as uow:
            await receive_payment_event(uow, event)
