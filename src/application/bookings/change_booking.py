"""The owner wishes for other dates or pets."""

from dataclasses import dataclass

from application.bookings.pay_window import announce_pay_window
from application.bookings.promotion_use import require_promotion_left
from application.payments.agreed_changes import require_room
from application.payments.decided_refunds import send_back
from application.payments.money_jobs import enqueue_cancel_of_open_payments
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.bookings.booking_life import ActorRole, BookingId
from domain.bookings.booking_refusals import OnlyTheOwner
from domain.bookings.quote import QuoteId
from domain.bookings.request_rules import check_request, require_verified_email
from domain.shared.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeBooking:
    """Puts what a new quote says in the place of what was booked, all of it or nothing, or keeps it as the proposal of
    a paid booking. Everything is checked again.

    The caregiver is locked first, as for a request: of two that want the last place, the second is told so (SlotTaken).
    Open payments are closed; what a paid booking costs less is given back by a job.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids

    async def execute(self, *, owner: Actor, booking_id: BookingId, quote_id: QuoteId) -> None:
        require_verified_email(owner)
        async with self.unit_of_work() as uow:
            seen = await uow.bookings.get(booking_id)
            if seen.role_of(owner) is not ActorRole.OWNER:
                raise OnlyTheOwner
            caregiver = await uow.caregivers.get(seen.caregiver_id, for_update=True)
            booking = await uow.bookings.get(booking_id, for_update=True)
            quote = await uow.quotes.get(quote_id, owner_id=owner.account_id)
            now = self.clock.now()
            quote.use(by=owner, at=now)
            refund = booking.change(quote, by=owner, caregiver=caregiver, at=now)
            check_request(
                owner=owner,
                caregiver=caregiver,
                availability=await uow.caregivers.availability(caregiver.id),
                service=quote.service,
                period=quote.period,
                pets=await uow.pets.get_many(quote.pet_ids, owner_id=owner.account_id),
                now=now,
            )
            await require_promotion_left(uow, quote, but=booking.id)
            await enqueue_cancel_of_open_payments(uow, booking.id)
            await send_back(uow, booking, refund, reason="booking changed", ids=self.ids, now=now)
            await uow.quotes.save(quote)
            if booking.quote_id == quote.id:
                await uow.bookings.move(booking)
            else:
                await require_room(uow, booking, quote, caregiver)
                await uow.bookings.save(booking)
            await announce_pay_window(uow, booking, now=now)
