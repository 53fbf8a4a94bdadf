"""Paying a caregiver."""

from dataclasses import dataclass

from application.payments.provider_word import take_over_transfer
from application.ports.circuit_breakers import CircuitOpen
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.payments import PaymentRefused
from application.ports.transfers import ProviderTransfer, Transfers
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.payments.payout import Payout, PayoutId, PayoutStatus
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPayout:
    """Makes the transfer of a decided payout; runs as a job, any number of times, and moves the money once.

    It looks first whether the transfer is there: the provider forgets keys after a day, and what we knew of it may be
    lost with a database that was restored. Without an answer the payout is unknown until the next try, which asks with
    the same key. A provider that refuses fails it, which concerns no other payout. While a chargeback is open nothing
    is asked for; whatever ends that has a job go on.
    """

    unit_of_work: UnitOfWorkFactory
    transfers: Transfers
    clock: Clock
    ids: Ids

    async def execute(self, *, payout_id: PayoutId) -> None:
        async with self.unit_of_work.reading() as uow:
            payout = await uow.payouts.get(payout_id)
        if not payout.is_unsettled:
            return
        seen = await self._made_before(payout)
        if seen is not None:
            await self._take_over(payout, seen)
            return
        asked = await self._ask(payout_id)
        if asked is None:
            return
        payout, is_first_time = asked
        try:
            seen = await self._make(payout)
        except PaymentRefused as error:
            await self._fail(payout, str(error))
        except CircuitOpen:
            if is_first_time:
                await self._take_back_the_question(payout)
            raise
        else:
            await self._take_over(payout, seen)

    async def _made_before(self, payout: Payout) -> ProviderTransfer | None:
        made = await self.transfers.of_reference(payout.reference)
        return next((transfer for transfer in made if payout.is_transferred_by(transfer.key)), None)

    async def _ask(self, payout_id: PayoutId) -> tuple[Payout, bool] | None:
        """The payout as it is to be asked for, kept before it is, and whether that is for the first time; None when
        nothing is to be asked for now."""
        async with self.unit_of_work() as uow:
            payout = await uow.payouts.get(payout_id)
            booking = await uow.bookings.get(payout.booking_id, for_update=True)
            payout = await uow.payouts.get(payout_id)
            now, is_first_time = self.clock.now(), payout.status is PayoutStatus.SENDING
            is_asked = payout.is_unsettled and not booking.payout_is_frozen and payout.ask(share=booking.payout, at=now)
            await uow.payouts.save(payout)
            if not is_asked:
                if not payout.is_unsettled and payout.netted > Money.zero(payout.netted.currency):
                    booking.record_payout(at=now)
                    await uow.bookings.save(booking)
                uow.jobs.finish_current()
        return (payout, is_first_time) if is_asked else None

    async def _make(self, payout: Payout) -> ProviderTransfer:
        return await self.transfers.transfer(
            destination=payout.destination,
            amount=payout.amount,
            charge_id=payout.charge_id,
            reference=payout.reference,
            idempotency_key=payout.key,
        )

    async def _take_over(self, payout: Payout, seen: ProviderTransfer) -> None:
        async with self.unit_of_work() as uow:
            await take_over_transfer(
                uow,
                booking_id=payout.booking_id,
                payout_id=payout.id,
                seen=seen,
                ids=self.ids,
                now=self.clock.now(),
            )
            uow.jobs.finish_current()

    async def _fail(self, payout: Payout, error: str) -> None:
        async with self.unit_of_work() as uow:
            current = await _locked(uow, payout)
            if current.attempt == payout.attempt:
                current.fail(error, at=self.clock.now())
                await uow.payouts.save(current)
            uow.jobs.finish_current()

    async def _take_back_the_question(self, payout: Payout) -> None:
        """Unless another run of the job has asked meanwhile."""
        async with self.unit_of_work() as uow:
            current = await _locked(uow, payout)
            if current.version == payout.version:
                current.was_not_sent()
                await uow.payouts.save(current)


async def _locked(uow: UnitOfWork, payout: Payout) -> Payout:
    await uow.bookings.get(payout.booking_id, for_update=True)
    return await uow.payouts.get(payout.id)
