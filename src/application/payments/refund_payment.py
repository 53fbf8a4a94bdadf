"""Giving money back."""

from dataclasses import dataclass

from application.payments.bookkeeping import Books
from application.payments.provider_word import settle_by_bank, take_over_refund
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.payments import PaymentRefused, Payments, ProviderRefund
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.payments.payment import Payment, PaymentId
from domain.payments.payout import PayoutUnsettled
from domain.payments.refund import Refund, RefundId
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPayment:
    """Makes a decided refund; runs as a job, any number of times, and moves the money once.

    It looks first whether the refund is there: the provider forgets keys after a day, and what we knew of it may be
    lost with a database that was restored.

    A provider that is away (PaymentsUnavailable) leaves the refund pending for the next try; one that refuses fails it.
    Raises PayoutUnsettled while the caregiver holds some of the money.
    """

    unit_of_work: UnitOfWorkFactory
    payments: Payments
    clock: Clock
    ids: Ids

    async def execute(self, *, refund_id: RefundId) -> None:
        async with self.unit_of_work() as uow:
            refund = await uow.payments.get_refund(refund_id)
            payment = await uow.payments.get(PaymentId(refund.payment_id))
            if refund.is_asked_for:
                return
            await _require_money_is_here(uow, refund)
        try:
            seen = await self._made_before(refund, payment) or await self._make(refund, payment)
        except PaymentRefused as error:
            await self._fail(refund, str(error))
        else:
            async with self.unit_of_work() as uow:
                await take_over_refund(
                    uow,
                    booking_id=refund.booking_id,
                    refund_id=refund.id,
                    seen=seen,
                    ids=self.ids,
                    now=self.clock.now(),
                )
                uow.jobs.finish_current()

    async def _made_before(self, refund: Refund, payment: Payment) -> ProviderRefund | None:
        made = await self.payments.refunds_of(payment.captured_charge_id)
        return next((one for one in made if one.key == refund.key), None)

    async def _make(self, refund: Refund, payment: Payment) -> ProviderRefund:
        return await self.payments.refund(
            charge_id=payment.captured_charge_id, amount=refund.amount, idempotency_key=refund.key
        )

    async def _fail(self, refund: Refund, error: str) -> None:
        async with self.unit_of_work() as uow:
            await uow.bookings.get(refund.booking_id, for_update=True)
            current = await uow.payments.get_refund(refund.id)
            now = self.clock.now()
            current.fail(error, at=now)
            await uow.payments.save_refund(current)
            await settle_by_bank(uow, refund.booking_id, Books(uow=uow, ids=self.ids, now=now))
            uow.jobs.finish_current()


async def _require_money_is_here(uow: UnitOfWork, refund: Refund) -> None:
    """What the caregiver was paid too much is taken back first."""
    payout = await uow.payouts.of_booking(refund.booking_id)
    if payout is None:
        return
    booking = await uow.bookings.get(refund.booking_id)
    too_much = payout.to_reverse(booking.payout)
    if too_much > Money.zero(too_much.currency):
        raise PayoutUnsettled
