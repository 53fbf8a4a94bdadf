"""Payouts, refunds, chargebacks and their jobs all at once, on PostgreSQL: everything happens once, and the books
agree."""

import asyncio
from collections import Counter
from collections.abc import Awaitable

from application.payments.pay_out_bookings import PayOutBookings
from application.payments.play_sandbox_bank import ChargebackOutcome
from domain.payments.ledger import LedgerAccount
from domain.payments.payout import PayoutStatus
from domain.shared.errors import Conflict
from domain.shared.money import Money
from infrastructure.payments.sandbox_accounts import SandboxConnectedAccounts
from infrastructure.payments.sandbox_books import SandboxBooks
from infrastructure.payments.sandbox_payments import SandboxPayments
from infrastructure.payments.sandbox_transfers import SandboxTransfers
from infrastructure.persistence.payments.payment_tables import refunds
from infrastructure.persistence.payments.sandbox_tables import sandbox_refunds, sandbox_transfers
from tests.support.booking_world import BookingWorld
from tests.support.builders import euros
from tests.support.money_world import DAY, MoneyWorld
from tests.support.stores import Store

BOOKINGS = 4


def money_over(store: Store) -> MoneyWorld:
    database, clock, ids = store.database, store.clock, store.ids
    world = BookingWorld(
        database=database,
        clock=clock,
        ids=ids,
        unit_of_work=store.unit_of_work,
        payments=SandboxPayments(database, clock=clock, ids=ids),
        transfers=SandboxTransfers(database, clock=clock, ids=ids),
        books=SandboxBooks(database, clock=clock, ids=ids),
        connected_accounts=SandboxConnectedAccounts(database, clock=clock, ids=ids),
    )
    return MoneyWorld(world, world.payments, world.transfers)


async def all_at_once(*acts: Awaitable[object]) -> None:
    """Whoever meets somebody else's change is told so, and nothing else goes wrong."""
    ends = await asyncio.gather(*acts, return_exceptions=True)
    assert [end for end in ends if isinstance(end, BaseException) and not isinstance(end, Conflict)] == []


async def test_whoever_comes_first_money_moves_once(postgres_store: Store) -> None:
    await postgres_store.people()
    await postgres_store.always_open()
    money = money_over(postgres_store)
    bookings = [await money.completed() for _ in range(BOOKINGS)]
    await money.can_be_paid()
    money.world.clock.advance(3 * DAY)
    decide = PayOutBookings(unit_of_work=money.world.unit_of_work, clock=money.world.clock, ids=money.world.ids)
    workers = [MoneyWorld(money.world, money.payments, money.transfers) for _ in range(3)]
    charged_back, given_back = bookings[0], bookings[1:]
    await all_at_once(
        *(decide.execute() for _ in range(3)),
        *(money.give_back(booking_id, euros("5.00")) for booking_id in given_back for _ in range(2)),
        *(worker.work() for worker in workers),
    )
    await all_at_once(
        *(worker.work() for worker in workers),
        *(money.give_back(booking_id, euros("2.00")) for booking_id in given_back),
        money.charge_back(charged_back, ChargebackOutcome.OPENED, ChargebackOutcome.LOST),
    )
    for _ in range(3):
        await decide.execute()
        await all_at_once(*(MoneyWorld(money.world, money.payments, money.transfers).work() for _ in range(3)))
    await money.work()
    await money.check_settled()
    transfers = Counter(row["reference"] for row in await money.world.rows(sandbox_transfers))
    assert set(transfers.values()) <= {1}
    made, decided = await money.world.rows(sandbox_refunds), await money.world.rows(refunds)
    assert len(made) == len(decided)
    assert {row["status"] for row in decided} == {"succeeded"}
    for booking_id in given_back:
        payout, booking = await money.payout(booking_id), await money.world.booking(booking_id)
        assert payout.status is PayoutStatus.PAID
        assert payout.amount - payout.reversed == booking.payout
    assert await money.balance(LedgerAccount.EARNINGS) == Money.zero()
    assert await money.balance(LedgerAccount.CAREGIVER_DEBT) == Money.zero()
