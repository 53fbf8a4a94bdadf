"""Telling the provider that no money is awaited any more."""

from dataclasses import dataclass

from application.payments.provider_word import take_over
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.payments import Payments
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.payments.payment import Payment, PaymentId


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPayment:
    """Closes an open payment of a booking that is over; runs as a job, any number of times.

    Money that was quicker is given back. A payment whose opening was never confirmed is asked for once more with its
    key, so that none stays open unknown to us.
    """

    unit_of_work: UnitOfWorkFactory
    payments: Payments
    clock: Clock
    ids: Ids

    async def execute(self, *, payment_id: PaymentId) -> None:
        async with self.unit_of_work() as uow:
            payment = await uow.payments.get(payment_id)
        if not payment.is_open:
            return
        provider_payment_id = await self._provider_payment_id(payment)
        seen = await self.payments.cancel(provider_payment_id, idempotency_key=payment.cancel_key)
        async with self.unit_of_work() as uow:
            await take_over(
                uow,
                booking_id=payment.booking_id,
                payment_id=payment_id,
                seen=seen,
                ids=self.ids,
                now=self.clock.now(),
            )
            uow.jobs.finish_current()

    async def _provider_payment_id(self, payment: Payment) -> str:
        if payment.provider_payment_id is not None:
            return payment.provider_payment_id
        opened = await self.payments.create(
            amount=payment.amount, reference=payment.reference, idempotency_key=payment.key
        )
        return opened.id
