"""Taking back from a caregiver what he was paid too much."""

from dataclasses import dataclass

from application.payments.bookkeeping import Books
from application.payments.money_jobs import enqueue_refund_alone
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.payments import PaymentRefused
from application.ports.transfers import ProviderReversal, Transfers
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.bookings.booking_life import BookingId
from domain.payments.payout import Payout, Reversal, ReversalId
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversePayout:
    """Brings a paid-out booking down to the caregiver's share as it is now, and then has its refunds made; runs as a
    job, any number of times.

    What his account does not hold any more becomes his debt, which later payouts net. Raises PayoutUnsettled while it
    is not known what came of the payout.
    """

    unit_of_work: UnitOfWorkFactory
    transfers: Transfers
    clock: Clock
    ids: Ids

    async def execute(self, *, booking_id: BookingId) -> None:
        while True:
            async with self.unit_of_work() as uow:
                payout, reversal = await self._decide(uow, booking_id)
                if reversal is None:
                    await _have_refunds_made(uow, booking_id, payout)
                    uow.jobs.finish_current()
                    return
            await self._reverse(payout, reversal)

    async def _reverse(self, payout: Payout, reversal: Reversal) -> None:
        try:
            made = await self._made_before(payout, reversal) or await self._make(payout, reversal)
        except PaymentRefused as error:
            await self._record(payout, reversal, None, str(error))
        else:
            await self._record(payout, reversal, made, "")

    async def _decide(self, uow: UnitOfWork, booking_id: BookingId) -> tuple[Payout, Reversal | None]:
        """A pending reversal is gone on with; otherwise what is still too much is decided now."""
        booking = await uow.bookings.get(booking_id, for_update=True)
        payout = await uow.payouts.of_booking(booking_id)
        if payout is None:
            raise ValueError(f"booking {booking_id} was not paid out")
        pending = await uow.payouts.pending_reversal_of(payout.id)
        if pending is not None:
            return payout, pending
        too_much = payout.to_reverse(booking.payout)
        at_provider = min(too_much, payout.transferred - payout.reversed)
        await self._owe(uow, payout, too_much - at_provider)
        reversal = None
        if at_provider > _nothing(at_provider):
            reversal = payout.take_back(at_provider, id=ReversalId(self.ids.new()), at=self.clock.now())
            await uow.payouts.add_reversal(reversal)
        await uow.payouts.save(payout)
        return payout, reversal

    async def _made_before(self, payout: Payout, reversal: Reversal) -> ProviderReversal | None:
        if payout.transfer_id is None:
            return None
        made = await self.transfers.reversals_of(payout.transfer_id)
        return next((one for one in made if one.key == reversal.key), None)

    async def _make(self, payout: Payout, reversal: Reversal) -> ProviderReversal:
        if payout.transfer_id is None:
            raise ValueError(f"payout {payout.id} was not transferred")
        return await self.transfers.reverse(
            transfer_id=payout.transfer_id, amount=reversal.amount, idempotency_key=reversal.key
        )

    async def _record(self, payout: Payout, reversal: Reversal, made: ProviderReversal | None, error: str) -> None:
        async with self.unit_of_work() as uow:
            await uow.bookings.get(payout.booking_id, for_update=True)
            now = self.clock.now()
            current = await uow.payouts.get(payout.id)
            reversal = await uow.payouts.get_reversal(reversal.id)
            if made is not None and reversal.succeed(made.id, at=now):
                current.reversed += reversal.amount
                await Books(uow=uow, ids=self.ids, now=now).reversal(current, reversal)
            elif made is None and reversal.refuse(error, at=now):
                await self._owe(uow, current, reversal.amount)
            await uow.payouts.save_reversal(reversal)
            await uow.payouts.save(current)

    async def _owe(self, uow: UnitOfWork, payout: Payout, amount: Money) -> None:
        if amount == _nothing(amount):
            return
        payout.owed += amount
        reference = f"debt:{payout.booking_id}:{payout.version + 1}"
        await Books(uow=uow, ids=self.ids, now=self.clock.now()).debt(payout, amount, reference=reference)


async def _have_refunds_made(uow: UnitOfWork, booking_id: BookingId, payout: Payout) -> None:
    for refund in await uow.payments.refunds_of_booking(booking_id):
        if not refund.is_asked_for:
            await enqueue_refund_alone(uow, refund, after=payout.version)


def _nothing(amount: Money) -> Money:
    return Money.zero(amount.currency)
