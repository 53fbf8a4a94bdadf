"""The owner asks to pay."""

from dataclasses import dataclass
from datetime import timedelta

from msgspec import Struct

from application.payments.agreed_changes import change_to_pay, lock_for_money
from application.payments.provider_word import take_over
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.payments import PaymentRefused, Payments, ProviderPayment
from application.ports.unit_of_work import StaleVersion, UnitOfWork, UnitOfWorkFactory
from domain.bookings.booking import Booking
from domain.bookings.booking_life import BookingId
from domain.bookings.quote import QuoteId
from domain.payments.payment import Payment, PaymentId, PaymentStatus
from domain.shared.actor import Actor
from domain.shared.errors import Conflict
from domain.shared.money import Money

GIVE_UP_UNCONFIRMED_AFTER = timedelta(minutes=5)


class PaymentNotPossible(Conflict):
    """The provider turned the request down; asking again makes another attempt."""

    title = "The payment provider does not accept this payment"


class StartedPayment(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a client needs to let the owner pay; `client_secret` is for him only and never stored."""

    provider: str
    payment_id: PaymentId
    status: PaymentStatus
    client_secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPayment:
    """Opens the payment of an accepted booking, or of what a paid one is to become, or shows the open one again.
    `provider` names whom `payments` asks.

    The intent is kept before the provider is asked, outside any transaction and always with the same key: after a crash
    or a time-out, asking again finds the same payment.
    """

    unit_of_work: UnitOfWorkFactory
    payments: Payments
    provider: str
    clock: Clock
    ids: Ids

    async def execute(self, *, actor: Actor, booking_id: BookingId) -> StartedPayment:
        """Raises BookingNotAccepted, PayWindowNotOpen, PayWindowClosed, ChangeNotAccepted, SlotTaken and
        BookingNotChangeable (a change that cannot be had any more), PaymentNotPossible, PaymentsUnavailable."""
        async with self.unit_of_work() as uow:
            booking, caregiver = await lock_for_money(uow, booking_id)
            now = self.clock.now()
            terms, price = booking.require_payable(by=actor, at=now), booking.gross
            if terms != booking.quote_id:
                if caregiver is None:
                    # Proposed after the first look.
                    raise StaleVersion
                price = (await change_to_pay(uow, booking, terms, caregiver, now=now)).gross
            payment = await self._open_payment(uow, booking, terms, price)
        seen = await self._ask_provider(payment)
        async with self.unit_of_work() as uow:
            payment = await take_over(
                uow, booking_id=booking_id, payment_id=payment.id, seen=seen, ids=self.ids, now=self.clock.now()
            )
        return StartedPayment(
            provider=payment.provider,
            payment_id=payment.id,
            status=payment.status,
            client_secret=seen.client_secret,
        )

    async def _open_payment(self, uow: UnitOfWork, booking: Booking, terms: QuoteId, price: Money) -> Payment:
        attempts = await uow.payments.of_booking(booking.id)
        last = attempts[-1] if attempts else None
        if last and self._can_go_on(last, terms, price):
            return last
        payment = Payment.open(
            id=PaymentId(self.ids.new()),
            booking_id=booking.id,
            attempt=len(attempts) + 1,
            provider=self.provider,
            amount=price,
            at=self.clock.now(),
            quote_id=terms,
        )
        await uow.payments.add(payment)
        return payment

    def _can_go_on(self, payment: Payment, terms: QuoteId, price: Money) -> bool:
        """Whether it is open, and for these terms. One that the provider did not confirm within minutes
        is given up: providers repeat a failure for as long as they know the key, and nobody can pay what he was never
        told of."""
        was_confirmed = payment.provider_payment_id is not None
        is_fresh = self.clock.now() - payment.created_at < GIVE_UP_UNCONFIRMED_AFTER
        is_for_this = payment.amount == price and payment.quote_id in (None, terms)
        is_there = payment.is_open and payment.provider == self.provider
        return is_there and is_for_this and (was_confirmed or is_fresh)

    async def _ask_provider(self, payment: Payment) -> ProviderPayment:
        try:
            if payment.provider_payment_id is not None:
                return await self.payments.retrieve(payment.provider_payment_id)
            return await self.payments.create(
                amount=payment.amount, reference=payment.reference, idempotency_key=payment.key
            )
        except PaymentRefused as error:
            await self._give_up(payment, str(error))
            raise PaymentNotPossible from error

    async def _give_up(self, payment: Payment, error: str) -> None:
        async with self.unit_of_work() as uow:
            await uow.bookings.get(payment.booking_id, for_update=True)
            refused = await uow.payments.get(payment.id)
            refused.refuse(error)
            await uow.payments.save(refused)
