"""An admin has a failed refund made again."""

from dataclasses import dataclass

from application.payments.money_jobs import enqueue_refund
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import ActorRole
from domain.bookings.booking_refusals import OnlyAnUninvolvedAdmin
from domain.payments.refund import RefundId
from domain.shared.actor import Actor, require_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRefund:
    """A new refund of the same amount, with a number and key of its own; the failed one stays as it ended. Audited."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids

    async def execute(self, *, admin: Actor, refund_id: RefundId, reason: str) -> None:
        """Raises RefundNotFound, RefundNotFailed and OnlyAnUninvolvedAdmin."""
        require_admin(admin)
        async with self.unit_of_work() as uow:
            seen = await uow.payments.get_refund(refund_id)
            booking = await uow.bookings.get(seen.booking_id, for_update=True)
            if booking.role_of(admin) is not ActorRole.ADMIN:
                raise OnlyAnUninvolvedAdmin
            failed = await uow.payments.get_refund(refund_id)
            again = failed.again(id=RefundId(self.ids.new()), number=booking.next_refund_number(), at=self.clock.now())
            await uow.payments.save_refund(failed)
            await uow.payments.add_refund(again)
            await enqueue_refund(uow, again)
            await uow.bookings.save(booking)
            await uow.audit.record(
                admin_id=admin.account_id, action="refunds.retry", subject_id=refund_id, reason=reason
            )
