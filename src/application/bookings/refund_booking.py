"""An admin gives money back."""

from dataclasses import dataclass

from application.payments.decided_refunds import send_back
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import BookingId
from domain.shared.actor import Actor, require_admin
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundBooking:
    """Gives back `amount`, or all that is left, without changing the booking's state. Audited; made by a job."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids

    async def execute(
        self, *, admin: Actor, booking_id: BookingId, amount: Money | None = None, reason: str | None = None
    ) -> None:
        require_admin(admin)
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            refund = booking.give_back(amount, by=admin)
            now = self.clock.now()
            await send_back(uow, booking, refund, reason="refunded by an admin", ids=self.ids, now=now)
            await uow.audit.record(
                admin_id=admin.account_id, action="bookings.refund", subject_id=booking.id, reason=reason
            )
            await uow.bookings.save(booking)
