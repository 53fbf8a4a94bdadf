"""Deciding what caregivers are paid."""

from dataclasses import dataclass
from datetime import datetime

from application.one_by_one import Batch, one_by_one
from application.payments.bookkeeping import Books
from application.payments.money_jobs import enqueue_payout
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId
from domain.caregivers.caregiver_profile import CaregiverProfile
from domain.payments.payment import PaymentId
from domain.payments.payout import Payout, PayoutId, PayoutStatus
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PayOutBookings:
    """Decides one batch of payouts that are due, each in a transaction of its own, and has jobs send them.

    A booking that is disputed, charged back or changed at the same moment is passed over.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids

    async def execute(self, *, limit: int = 100) -> Batch:
        now = self.clock.now()
        async with self.unit_of_work.reading() as uow:
            due = await uow.bookings.due_for_payout(now, limit=limit)
        return await one_by_one(due, lambda booking_id: self._pay_out(booking_id, now))

    async def _pay_out(self, booking_id: BookingId, now: datetime) -> bool:
        async with self.unit_of_work() as uow:
            seen = await uow.bookings.get(booking_id)
            # Locked before the booking, as everywhere: two payouts must not net one debt.
            caregiver = await uow.caregivers.get(seen.caregiver_id, for_update=True)
            booking = await uow.bookings.get(booking_id, for_update=True)
            if not caregiver.can_receive_transfers or not booking.is_payout_due(now):
                return False
            if await uow.payouts.of_booking(booking_id) is not None:
                return False
            await self._decide(uow, booking, caregiver, now)
            return True

    async def _decide(self, uow: UnitOfWork, booking: Booking, caregiver: CaregiverProfile, now: datetime) -> None:
        if caregiver.payout_account_id is None or booking.payment_id is None:
            raise ValueError(f"booking {booking.id} is due, but nobody can be paid or nobody has")
        payment = await uow.payments.get(PaymentId(booking.payment_id))
        payout = Payout.decide(
            id=PayoutId(self.ids.new()),
            booking_id=booking.id,
            caregiver_id=caregiver.id,
            destination=caregiver.payout_account_id,
            charge_id=payment.captured_charge_id,
            share=booking.payout,
            debt=await uow.ledger.debt_of(caregiver.id),
            at=now,
        )
        await uow.payouts.add(payout)
        if payout.netted > Money.zero(payout.netted.currency):
            await Books(uow=uow, ids=self.ids, now=now).netted(payout, payout.netted)
        if payout.status is PayoutStatus.NETTED:
            booking.record_payout(at=now)
            await uow.bookings.save(booking)
        else:
            await enqueue_payout(uow, payout)
