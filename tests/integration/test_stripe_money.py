"""The life of money through Stripe, played, which fails once at each call that moves something: a booking has one
charge, one transfer, one reversal and one refund all the same, what came of each is found out, and the books agree."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import update

from application.payments.play_sandbox_bank import PlaySandboxBank
from application.payments.reconcile_books import ReconcileBooks
from application.ports.payments import PaymentsUnavailable
from domain.bookings.booking_life import BookingId
from domain.payments.ledger import LedgerAccount
from domain.payments.payment import PaymentId
from domain.payments.payout import PayoutStatus
from domain.shared.money import Money
from infrastructure.payments.stripe_books import StripeBooks
from infrastructure.payments.stripe_client import StripeCalls
from infrastructure.payments.stripe_connected_accounts import StripeConnectedAccounts
from infrastructure.payments.stripe_payments import StripePayments
from infrastructure.payments.stripe_transfers import StripeTransfers
from infrastructure.persistence.caregivers.caregiver_tables import caregivers
from tests.support.booking_world import BookingWorld
from tests.support.builders import CAREGIVER, euros
from tests.support.fault_server import RESET, Answer, Fault, FaultServer, Request, server_error, too_many_requests
from tests.support.money_world import DAY, MoneyWorld
from tests.support.stripe_banks import PlayedBank
from tests.support.stripe_requests import CheckedTransport
from tests.support.stripe_world import StripeWorld

MOVES = {
    "payment": "/v1/payment_intents",
    "transfer": "/v1/transfers",
    "reversal": r"/v1/transfers/\w+/reversals",
    "refund": "/v1/refunds",
}


@dataclass(kw_only=True)
class Unwell:
    """Stripe, which fails once at one kind of call. What it `records` it answers again under the same key, always."""

    world: StripeWorld
    path: str = ""
    does_it: bool = False
    then: Answer | Fault = RESET
    records: bool = False
    met: set[str] = field(default_factory=set[str])

    def __call__(self, request: Request) -> Answer | Fault:
        if request.method != "POST" or not re.fullmatch(self.path, request.path):
            return self.world(request)
        key = request.headers["idempotency-key"]
        if self.met and not (self.records and key in self.met):
            return self.world(request)
        if self.does_it and not self.met:
            self.world(request)
        self.met.add(key)
        return self.then


@dataclass(slots=True, kw_only=True)
class StripeMoney(MoneyWorld):
    stripe: StripeWorld
    calls: StripeCalls

    async def opened(self, booking_id: BookingId) -> PaymentId:
        """The owner asks again when he is told to."""
        try:
            return await super(StripeMoney, self).opened(booking_id)
        except PaymentsUnavailable:
            return await super(StripeMoney, self).opened(booking_id)

    async def can_be_paid(self) -> None:
        account = await StripeConnectedAccounts(self.calls).create(country="BE", idempotency_key="acct:caregiver")
        self.stripe.complete(account.id)
        mine = caregivers.c.id == CAREGIVER.caregiver_id
        async with self.world.database.begin() as connection:
            await connection.execute(update(caregivers).where(mine).values(payout_account_id=account.id))

    @property
    def bank(self) -> PlaySandboxBank:
        return PlaySandboxBank(bank=PlayedBank(self.stripe, self.payments), **self._shared)

    async def reconcile(self) -> int:
        books = StripeBooks(self.calls)
        return await ReconcileBooks(books=books, ledger=self.ledger, **self._shared).execute()

    async def a_day_later(self) -> None:
        self.world.clock.advance(DAY + timedelta(hours=1))
        self.stripe.now = int(self.world.clock.now().timestamp())
        await self.work()


@pytest.fixture
def unwell() -> Unwell:
    return Unwell(world=StripeWorld())


@pytest.fixture
async def money(world: BookingWorld, unwell: Unwell) -> AsyncIterator[StripeMoney]:
    with FaultServer() as server:
        server.always = unwell
        calls = StripeCalls("sk_test_1", api_base=server.url, transport=CheckedTransport())
        payments, transfers = StripePayments(calls), StripeTransfers(calls)
        yield StripeMoney(world=world, payments=payments, transfers=transfers, stripe=unwell.world, calls=calls)
        await calls.close()


async def live_through(money: StripeMoney) -> None:
    """Paid, done, paid out; then the owner gets five euros back, of which the caregiver gives his part."""
    booking_id = await money.paid_out()
    await money.a_day_later()
    await money.give_back(booking_id, euros("5.00"))
    await money.work()
    for _ in range(2):
        await money.a_day_later()

    for kind in ("charge", "transfer", "transfer_reversal", "refund"):
        assert money.stripe.count_of(kind) == 1, kind
    assert (await money.payout(booking_id)).status is PayoutStatus.PAID
    assert (await money.payout(booking_id)).reversed == euros("4.00")
    assert (await money.world.booking(booking_id)).refunded == euros("5.00")
    await money.check()
    moved = Money(sum(line["amount"] for line in money.stripe.lines))
    assert await money.balance(LedgerAccount.PROVIDER) == moved == euros("3.00")
    assert await money.reconcile() == 0


async def test_money_lives_through_stripe(money: StripeMoney) -> None:
    await live_through(money)


@pytest.mark.parametrize("move", MOVES)
async def test_an_answer_that_got_lost_moves_nothing_twice(money: StripeMoney, unwell: Unwell, move: str) -> None:
    unwell.path, unwell.does_it = MOVES[move], True
    await live_through(money)
    assert len(unwell.met) == 1


@pytest.mark.parametrize("move", MOVES)
async def test_who_is_turned_away_comes_again(money: StripeMoney, unwell: Unwell, move: str) -> None:
    unwell.path, unwell.then = MOVES[move], too_many_requests("1")
    await live_through(money)
    assert len(unwell.met) == 1


@pytest.mark.parametrize("move", ["transfer", "reversal", "refund"])
async def test_what_came_of_a_mistake_that_stripe_repeats_is_looked_up(
    money: StripeMoney, unwell: Unwell, move: str
) -> None:
    unwell.path, unwell.does_it, unwell.then, unwell.records = MOVES[move], True, server_error(), True
    await live_through(money)
    assert len(unwell.met) == 1
