"""What becomes of a change that the owner of a paid booking has asked for."""

from dataclasses import dataclass

from application.payments.agreed_changes import require_room_and_pets
from application.payments.decided_refunds import send_back
from application.payments.money_jobs import enqueue_cancel_of_open_payments
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import ActorRole, BookingId
from domain.bookings.booking_refusals import OnlyTheCaregiver
from domain.bookings.quote import QuoteId
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptChange:
    """The caregiver agrees to the terms of `quote_id`. They hold at once if they are not dearer, and take the place;
    otherwise once they are paid. The caregiver is locked first: SlotTaken when there is no room any more,
    BookingNotChangeable when a pet is gone. What holds already is left alone."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids

    async def execute(self, *, actor: Actor, booking_id: BookingId, quote_id: QuoteId) -> None:
        async with self.unit_of_work() as uow:
            seen = await uow.bookings.get(booking_id)
            if seen.role_of(actor) is not ActorRole.CAREGIVER:
                raise OnlyTheCaregiver
            caregiver = await uow.caregivers.get(seen.caregiver_id, for_update=True)
            booking = await uow.bookings.get(booking_id, for_update=True)
            quote = await uow.quotes.get(quote_id, owner_id=booking.owner_id)
            now = self.clock.now()
            refund = booking.accept_change(quote, by=actor, at=now)
            if not booking.transitions:
                # He has agreed before.
                return
            await require_room_and_pets(uow, booking, quote, caregiver)
            if booking.quote_id != quote.id:
                await uow.bookings.save(booking)
                return
            await send_back(uow, booking, refund, reason="booking changed", ids=self.ids, now=now)
            await uow.bookings.move(booking)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineChange:
    """The caregiver's no; a payment that was opened for the change is closed."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(
        self, *, actor: Actor, booking_id: BookingId, reason: str | None = None, quote_id: QuoteId | None = None
    ) -> None:
        """With `quote_id` no other change than that is declined: TermsChanged."""
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            booking.decline_change(by=actor, at=self.clock.now(), reason=reason, seen=quote_id)
            await enqueue_cancel_of_open_payments(uow, booking.id)
            await uow.bookings.save(booking)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawChange:
    """The owner is content with what is; a payment that was opened for the change is closed."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, *, actor: Actor, booking_id: BookingId) -> None:
        async with self.unit_of_work() as uow:
            booking = await uow.bookings.get(booking_id, for_update=True)
            booking.withdraw_change(by=actor, at=self.clock.now())
            await enqueue_cancel_of_open_payments(uow, booking.id)
            await uow.bookings.save(booking)
