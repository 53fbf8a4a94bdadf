"""Payouts, refunds, chargebacks and their jobs all at once, on PostgreSQL: everything happens once, and the books
agree."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from application.bookings.answer_change import AcceptChange, DeclineChange, WithdrawChange
from application.bookings.change_booking import ChangeBooking
from application.payments.pay_out_bookings import PayOutBookings
from application.payments.play_sandbox_bank import ChargebackOutcome, SandboxOutcome
from domain.bookings.booking_life import BookingId, BookingStatus
from domain.payments.ledger import LedgerAccount
from domain.payments.payout import PayoutStatus
from domain.shared.errors import Conflict
from domain.shared.money import Money
from infrastructure.payments.sandbox_accounts import SandboxConnectedAccounts
from infrastructure.payments.sandbox_books import SandboxBooks
from infrastructure.payments.sandbox_payments import SandboxPayments
from infrastructure.payments.sandbox_transfers import SandboxTransfers
from infrastructure.persistence.bookings.booking_tables import occupancies
from infrastructure.persistence.payments.payment_tables import payments, refunds
from infrastructure.persistence.payments.sandbox_tables import sandbox_refunds, sandbox_transfers
from tests.support.booking_world import BookingWorld
from tests.support.builders import CAREGIVER, OWNER, a_caregiver, euros
from tests.support.money_world import DAY, HOUR, MoneyWorld
from tests.support.stores import Store

BOOKINGS, ROUNDS = 4, 6


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


async def test_the_last_place_goes_to_a_request_or_to_a_change_that_is_paid_and_no_money_is_lost(
    postgres_store: Store,
) -> None:
    """Each round the money for a change of a paid booking comes in twice while somebody asks for the same place."""
    await postgres_store.people()
    await postgres_store.always_open()
    money = money_over(postgres_store)
    world, ends = money.world, Counter[str]()
    for hours in range(0, 4 * ROUNDS, 4):
        booking_id = await money.paid(starts_in=5 * DAY + hours * HOUR)
        async with world.unit_of_work() as uow:
            caregiver = await uow.caregivers.get(a_caregiver().id, for_update=True)
            await uow.caregivers.save(replace(caregiver, instant_book=True))
        quote_id = await world.quoted(starts_in=15 * DAY + hours * HOUR, length=2 * HOUR, pets=2)
        change = ChangeBooking(unit_of_work=world.unit_of_work, clock=world.clock, ids=world.ids)
        await change.execute(owner=OWNER, booking_id=booking_id, quote_id=quote_id)
        payment_id = await money.opened(booking_id)
        await money.bank.confirm(actor=OWNER, payment_id=payment_id, outcome=SandboxOutcome.SUCCEEDED)
        workers = [MoneyWorld(world, money.payments, money.transfers, done=list(money.done)) for _ in range(2)]
        await all_at_once(
            *(worker.work() for worker in workers),
            world.requested(starts_in=15 * DAY + hours * HOUR, length=2 * HOUR, pets=2),
        )
        await money.work()
        after = await world.booking(booking_id)
        is_changed = after.quote_id == quote_id
        ends["changed" if is_changed else "asked for"] += 1
        places = [row for row in await world.rows(occupancies) if row["animals"] == 2]
        assert len(places) == sum(ends.values())
        async with world.unit_of_work.reading() as uow:
            wished = await uow.quotes.get(quote_id, owner_id=OWNER.account_id)
        assert after.kept == after.gross == (wished.gross if is_changed else euros("20.00"))
        async with world.unit_of_work() as uow:
            caregiver = await uow.caregivers.get(a_caregiver().id, for_update=True)
            await uow.caregivers.save(replace(caregiver, instant_book=False))
    assert {row["status"] for row in await world.rows(refunds)} == {"succeeded"}
    await money.check_settled()


async def test_whatever_becomes_of_an_agreed_change_at_once_with_its_money_one_price_is_kept(
    postgres_store: Store,
) -> None:
    """The caregiver declines, the owner withdraws or cancels, and the payment is asked for again, all while the money
    comes in twice."""
    await postgres_store.people()
    await postgres_store.always_open()
    money = money_over(postgres_store)
    world, ends = money.world, Counter[str]()
    shared: Any = {"unit_of_work": world.unit_of_work, "clock": world.clock}
    accept = AcceptChange(ids=world.ids, **shared)
    against: list[Callable[[BookingId], Awaitable[object]]] = [
        lambda booking_id: DeclineChange(**shared).execute(actor=CAREGIVER, booking_id=booking_id),
        lambda booking_id: WithdrawChange(**shared).execute(actor=OWNER, booking_id=booking_id),
        money.cancel,
    ]
    for number in range(ROUNDS):
        booking_id = await money.paid(starts_in=5 * DAY + 4 * number * HOUR)
        quote_id = await world.quoted(starts_in=20 * DAY + 4 * number * HOUR, length=2 * HOUR)
        await ChangeBooking(ids=world.ids, **shared).execute(owner=OWNER, booking_id=booking_id, quote_id=quote_id)
        await accept.execute(actor=CAREGIVER, booking_id=booking_id, quote_id=quote_id)
        payment_id = await money.opened(booking_id)
        await money.bank.confirm(actor=OWNER, payment_id=payment_id, outcome=SandboxOutcome.SUCCEEDED)
        workers = [MoneyWorld(world, money.payments, money.transfers, done=list(money.done)) for _ in range(2)]
        await all_at_once(
            *(worker.work() for worker in workers),
            money.opened(booking_id),
            accept.execute(actor=CAREGIVER, booking_id=booking_id, quote_id=quote_id),
            against[number % len(against)](booking_id),
        )
        await money.work()
        booking = await world.booking(booking_id)
        ends[booking.status.value] += 1
        assert booking.kept == (booking.gross if booking.status is BookingStatus.PAID else Money.zero())
        for row in await world.rows(payments):
            if row["booking_id"] == booking_id:
                kept = booking.kept.amount_cents if row["id"] == booking.payment_id else 0
                assert row["captured_cents"] - row["refunded_cents"] == kept
    assert sum(ends.values()) == ROUNDS
    await money.check_settled()


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
