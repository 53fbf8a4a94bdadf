"""Paying a caregiver."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from application.payments.provider_word import take_over_transfer
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.payments import PaymentRefused, PaymentsUnavailable
from application.ports.transfers import ProviderTransfer, Transfers
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.payments.payout import Payout, PayoutId

# The provider forgets keys after a day. An attempt that is older is looked up before it is made again.
KEY_LIFE = timedelta(hours=23)


def may_have_forgotten(decided_at: datetime, now: datetime) -> bool:
    return now - decided_at >= KEY_LIFE


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPayout:
    """Makes the transfer of a decided payout; runs as a job, any number of times, and moves the money once.

    Without an answer (PaymentsUnavailable) the payout is unknown until the next try, which asks with the same key. A
    provider that refuses fails it, which concerns no other payout.
    """

    unit_of_work: UnitOfWorkFactory
    transfers: Transfers
    clock: Clock
    ids: Ids

    async def execute(self, *, payout_id: PayoutId) -> None:
        async with self.unit_of_work() as uow:
            payout = await uow.payouts.get(payout_id)
        if not payout.is_unsettled:
            return
        try:
            seen = await self._made_before(payout) or await self._make(payout)
        except PaymentRefused as error:
            await self._fail(payout, str(error))
        except PaymentsUnavailable:
            await self._lose_track(payout)
            raise
        else:
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

    async def _made_before(self, payout: Payout) -> ProviderTransfer | None:
        if not may_have_forgotten(payout.decided_at, self.clock.now()):
            return None
        made = await self.transfers.of_reference(payout.reference)
        return next((transfer for transfer in made if transfer.key == payout.key), None)

    async def _make(self, payout: Payout) -> ProviderTransfer:
        return await self.transfers.transfer(
            destination=payout.destination,
            amount=payout.amount,
            charge_id=payout.charge_id,
            reference=payout.reference,
            idempotency_key=payout.key,
        )

    async def _fail(self, payout: Payout, error: str) -> None:
        async with self.unit_of_work() as uow:
            await uow.bookings.get(payout.booking_id, for_update=True)
            current = await uow.payouts.get(payout.id)
            if current.attempt == payout.attempt:
                current.fail(error, at=self.clock.now())
                await uow.payouts.save(current)
            uow.jobs.finish_current()

    async def _lose_track(self, payout: Payout) -> None:
        async with self.unit_of_work() as uow:
            await uow.bookings.get(payout.booking_id, for_update=True)
            current = await uow.payouts.get(payout.id)
            current.lose_track()
            await uow.payouts.save(current)
