"""Giving money back."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.payments import PaymentRefused, Payments, ProviderRefund
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.payments.payment import PaymentId
from domain.payments.refund import Refund, RefundId, RefundStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPayment:
    """Makes a decided refund; runs as a job, any number of times, and moves the money once.

    A provider that is away (PaymentsUnavailable) leaves the refund pending for the next try; one that refuses fails it.
    """

    unit_of_work: UnitOfWorkFactory
    payments: Payments
    clock: Clock

    async def execute(self, *, refund_id: RefundId) -> None:
        async with self.unit_of_work() as uow:
            refund = await uow.payments.get_refund(refund_id)
            payment = await uow.payments.get(PaymentId(refund.payment_id))
        if refund.is_asked_for:
            return
        try:
            result = await self.payments.refund(
                charge_id=payment.captured_charge_id, amount=refund.amount, idempotency_key=refund.key
            )
        except PaymentRefused as error:
            await self._record(refund, None, str(error))
        else:
            await self._record(refund, result, None)

    async def _record(self, refund: Refund, result: ProviderRefund | None, error: str | None) -> None:
        async with self.unit_of_work() as uow:
            await uow.bookings.get(refund.booking_id, for_update=True)
            current = await uow.payments.get_refund(refund.id)
            now = self.clock.now()
            if result is None:
                current.fail(error or "refused by the provider", at=now)
            else:
                current.observe(provider_refund_id=result.id, status=RefundStatus(result.status.value), at=now)
            await uow.payments.save_refund(current)
            uow.jobs.finish_current()
