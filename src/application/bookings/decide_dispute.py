"""An admin's last word about a dispute."""

from dataclasses import dataclass

from application.payments.decided_refunds import send_back
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import BookingId
from domain.bookings.dispute import DisputeDecision
from domain.shared.actor import Actor, require_admin
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideDispute:
    """Decides once; what goes back is made by a job. The act goes into the audit log."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids

    async def execute(
        self,
        *,
        admin: Actor,
        booking_id: BookingId,
        decision: DisputeDecision,
        amount: Money | None = None,
        reason: str | None = None,
    ) -> None:
        require_admin(admin)
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            now = self.clock.now()
            refund = booking.decide_dispute(decision, by=admin, at=now, amount=amount, reason=reason)
            await send_back(uow, booking, refund, reason="dispute decided", ids=self.ids, now=now)
            await uow.audit.record(
                admin_id=admin.account_id, action="bookings.decide_dispute", subject_id=booking.id, reason=reason
            )
            await uow.bookings.save(booking)
