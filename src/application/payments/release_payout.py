"""An admin lets a payout go on."""

from dataclasses import dataclass
from datetime import datetime

from application.payments.bookkeeping import Books
from application.payments.money_jobs import enqueue_payout, resume_payout
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.bookings.booking import Booking
from domain.bookings.booking_life import ActorRole, BookingId
from domain.bookings.booking_refusals import OnlyAnUninvolvedAdmin
from domain.caregivers.caregiver_profile import CaregiverProfile
from domain.payments.payout import Payout, PayoutAccountMissing, PayoutNotHeld, PayoutStatus
from domain.shared.actor import Actor, require_admin
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePayout:
    """Pays in spite of an open chargeback, or sends a failed payout again, at the share as it is now. Audited.

    Raises PayoutNotHeld when nothing holds it, and PayoutAccountMissing.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids

    async def execute(self, *, admin: Actor, booking_id: BookingId, reason: str) -> None:
        require_admin(admin)
        async with self.unit_of_work() as uow:
            seen = await uow.bookings.get(booking_id)
            caregiver = await uow.caregivers.get(seen.caregiver_id, for_update=True)
            booking = await uow.bookings.get(booking_id, for_update=True)
            if booking.role_of(admin) is not ActorRole.ADMIN:
                raise OnlyAnUninvolvedAdmin
            now = self.clock.now()
            payout = await uow.payouts.of_booking(booking_id)
            if payout is not None and payout.status is PayoutStatus.FAILED:
                await self._send_again(uow, booking, payout, caregiver, now)
            elif (payout is None or payout.is_unsettled) and booking.release_payout():
                await resume_payout(uow, booking_id)
            else:
                raise PayoutNotHeld(f"The payout is {booking.payout_state.value}.")
            await uow.bookings.save(booking)
            await uow.audit.record(
                admin_id=admin.account_id, action="payouts.release", subject_id=booking.id, reason=reason
            )

    async def _send_again(
        self, uow: UnitOfWork, booking: Booking, payout: Payout, caregiver: CaregiverProfile, now: datetime
    ) -> None:
        if caregiver.payout_account_id is None or not caregiver.can_receive_transfers:
            raise PayoutAccountMissing
        netted = payout.send_again(
            destination=caregiver.payout_account_id,
            share=booking.payout,
            debt=await uow.ledger.debt_of(caregiver.id),
            at=now,
        )
        if netted > Money.zero(netted.currency):
            await Books(uow=uow, ids=self.ids, now=now).netted(payout, netted)
        await uow.payouts.save(payout)
        if payout.status is PayoutStatus.NETTED:
            booking.record_payout(at=now)
        else:
            await enqueue_payout(uow, payout)
