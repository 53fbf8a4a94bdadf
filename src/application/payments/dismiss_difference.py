"""An admin has found out where a difference comes from."""

from dataclasses import dataclass
from uuid import UUID

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.bookings.booking_life import ActorRole, BookingId
from domain.bookings.booking_refusals import OnlyAnUninvolvedAdmin
from domain.payments.difference import Difference, DifferenceId, DifferenceKind
from domain.shared.actor import Actor, require_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class DismissDifference:
    """Takes it off the list, with the reason in the audit log. It comes back with other
    amounts only."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, admin: Actor, difference_id: DifferenceId, reason: str) -> None:
        """Raises DifferenceNotFound, DifferenceGone, and OnlyAnUninvolvedAdmin for who is a party to the booking."""
        require_admin(admin)
        async with self.unit_of_work() as uow:
            difference = await uow.reconciliation.get(difference_id)
            await _require_uninvolved(uow, admin, difference)
            difference.dismiss(at=self.clock.now())
            await uow.reconciliation.save(difference)
            await uow.audit.record(
                admin_id=admin.account_id, action="reconciliation.dismiss", subject_id=difference.id, reason=reason
            )


async def _require_uninvolved(uow: UnitOfWork, admin: Actor, difference: Difference) -> None:
    if difference.kind is not DifferenceKind.BOOKING:
        return
    booking = await uow.bookings.get(BookingId(UUID(difference.reference.removeprefix("booking:"))))
    if booking.role_of(admin) is not ActorRole.ADMIN:
        raise OnlyAnUninvolvedAdmin
