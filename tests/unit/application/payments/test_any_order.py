"""Events of the provider in every order, each several times, some before we have written down what we asked for."""

import shutil
from collections.abc import Awaitable, Callable, Sequence
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

from application.payments.receive_payment_event import receive_payment_event
from application.ports.event_inbox import InboxEvent
from application.ports.payment_notices import NoticeSubject
from application.ports.payments import PaymentsUnavailable, ProviderPayment, ProviderRefund
from application.ports.transfers import ProviderTransfer
from domain.bookings.booking_life import BookingId
from domain.shared.money import Money
from infrastructure.payments.sandbox_payments import SandboxPayments
from infrastructure.payments.sandbox_transfers import SandboxTransfers
from infrastructure.persistence.bookings.booking_tables import bookings
from infrastructure.persistence.payments.payment_tables import payments, refunds
from infrastructure.persistence.payments.payout_tables import chargebacks, payout_reversals, payouts
from infrastructure.persistence.payments.sandbox_tables import (
    sandbox_payments,
    sandbox_refunds,
    sandbox_transfers,
)
from tests.support.booking_world import BookingWorld, open_world
from tests.support.builders import euros
from tests.support.money_world import DAY, MoneyWorld

Deliver = Callable[[MoneyWorld], Awaitable[None]]


class SilentPayments(SandboxPayments):
    """Does what it is asked, and times out before it can say so."""

    is_silent = True

    async def create(self, *, amount: Money, reference: str, idempotency_key: str) -> ProviderPayment:
        made = await super().create(amount=amount, reference=reference, idempotency_key=idempotency_key)
        return self._told(made)

    async def refund(self, *, charge_id: str, amount: Money, idempotency_key: str) -> ProviderRefund:
        return self._told(await super().refund(charge_id=charge_id, amount=amount, idempotency_key=idempotency_key))

    def _told(self, made: Any) -> Any:
        if self.is_silent:
            raise PaymentsUnavailable
        return made


class SilentTransfers(SandboxTransfers):
    async def transfer(
        self, *, destination: str, amount: Money, charge_id: str, reference: str, idempotency_key: str
    ) -> ProviderTransfer:
        await super().transfer(
            destination=destination,
            amount=amount,
            charge_id=charge_id,
            reference=reference,
            idempotency_key=idempotency_key,
        )
        raise PaymentsUnavailable


def event(name: str, subject: NoticeSubject, object_id: str) -> Deliver:
    async def deliver(money: MoneyWorld) -> None:
        received = InboxEvent(
            id=money.world.ids.new(),
            provider="sandbox",
            event_id=f"evt_{name}",
            kind=name,
            subject=subject,
            object_id=object_id,
            received_at=money.world.clock.now(),
        )
        async with money.world.unit_of_work() as uow:
            is_new = await receive_payment_event(uow, received)
        if is_new:
            await money.apply_event(received.id)

    return deliver


async def digest(money: MoneyWorld, booking_id: BookingId) -> Any:
    """Everything that money did, without what names or dates it."""
    booking = await money.world.booking(booking_id)

    async def of(table: Any, *columns: str) -> list[tuple[Any, ...]]:
        return sorted(tuple(row[column] for column in columns) for row in await money.world.rows(table))

    return (
        (booking.status, booking.captured, booking.refunded, booking.payout_state, booking.payout_is_frozen),
        await of(payments, "attempt", "status", "captured_cents", "refunded_cents"),
        await of(refunds, "number", "amount_cents", "status"),
        await of(payouts, "status", "amount_cents", "reversed_cents", "owed_cents"),
        await of(payout_reversals, "number", "amount_cents", "status"),
        await of(chargebacks, "status", "amount_cents"),
        await money.ledger.balances(),
    )


async def in_every_order(
    world: BookingWorld, tmp_path: Path, booking_id: BookingId, events: Sequence[Deliver]
) -> set[str]:
    """The ends that come of it; each event comes one to five times, the repetitions anywhere after the first."""
    await world.database.dispose()
    begun, random = tmp_path / "world.sqlite3", Random("any order")
    ends: set[str] = set()
    for order in permutations(events):
        deliveries = list(order)
        for one in order:
            for _ in range(random.randint(0, 4)):
                deliveries.insert(random.randint(deliveries.index(one) + 1, len(deliveries)), one)
        path = tmp_path / "order.sqlite3"
        shutil.copy(begun, path)
        other = open_world(path)
        other.clock.set(world.clock.now())
        money = MoneyWorld(other, other.payments, other.transfers)
        for deliver in deliveries:
            await deliver(money)
            if random.random() < 0.1:
                # What follows from an event may come before the next one, or after.
                await money.work()
        await money.work()
        await money.check_settled()
        ends.add(str(await digest(money, booking_id)))
        await other.database.dispose()
        path.unlink()
    return ends


async def test_every_order_of_the_events_of_a_booking_ends_the_same(
    world: BookingWorld, money: MoneyWorld, tmp_path: Path
) -> None:
    """A refund and a transfer that were made, but not answered, and a chargeback that is lost already."""
    shared: Any = {"clock": world.clock, "ids": world.ids}
    booking_id = await money.completed()
    money.payments = SilentPayments(world.database, **shared)
    money.transfers = SilentTransfers(world.database, **shared)
    await money.give_back(booking_id, euros("5.00"))
    await money.work()
    world.clock.advance(3 * DAY)
    await money.pay_out()
    payment = (await world.rows(sandbox_payments))[0]
    opened = await world.payments.charge_back(payment["id"])
    await world.payments.decide_chargeback(payment["id"], won=False)
    refund, transfer = (await world.rows(sandbox_refunds))[0], (await world.rows(sandbox_transfers))[0]
    assert (await world.rows(refunds))[0]["provider_refund_id"] is None
    assert (await world.rows(payouts))[0]["transfer_id"] is None
    ends = await in_every_order(
        world,
        tmp_path,
        booking_id,
        [
            event("payment_intent.succeeded", NoticeSubject.PAYMENT, payment["id"]),
            event("refund.updated", NoticeSubject.REFUND, refund["id"]),
            event("transfer.created", NoticeSubject.TRANSFER, transfer["id"]),
            event("charge.dispute.created", NoticeSubject.CHARGEBACK, opened.id),
            event("charge.dispute.closed", NoticeSubject.CHARGEBACK, opened.id),
        ],
    )
    assert len(ends) == 1
    end = ends.pop()
    # Of the 20 euros 5 went back and 15 were lost; the caregiver was paid 12, which were taken back.
    assert "(1, 'succeeded', 2000, 2000)" in end
    assert "('paid', 1200, 1200, 0)" in end


async def test_a_payment_that_is_made_while_its_booking_ends_goes_back_whatever_comes_first(
    world: BookingWorld, money: MoneyWorld, tmp_path: Path
) -> None:
    """The owner was never told of his payment, and paid it all the same."""
    booking_id = await world.accepted()
    money.payments = silent = SilentPayments(world.database, clock=world.clock, ids=world.ids)
    try:
        await money.opened(booking_id)
    except PaymentsUnavailable:
        silent.is_silent = False
    payment = (await world.rows(sandbox_payments))[0]
    assert (await world.rows(payments))[0]["provider_payment_id"] is None
    await world.payments.pay(payment["id"])

    async def cancel(money: MoneyWorld) -> None:
        await money.cancel(booking_id)
        await money.work()

    async def clock_strikes(money: MoneyWorld) -> None:
        await money.expire()
        await money.work()

    events = [
        event("payment_intent.succeeded", NoticeSubject.PAYMENT, payment["id"]),
        event("payment_intent.processing", NoticeSubject.PAYMENT, payment["id"]),
        cancel,
        clock_strikes,
    ]
    ends = await in_every_order(world, tmp_path, booking_id, events)
    # Cancelled after the payment or before it: either way everything is back with the owner.
    assert all("'succeeded', 2000, 2000" in end for end in ends)
    assert (await world.rows(bookings))[0]["status"] == "accepted"
