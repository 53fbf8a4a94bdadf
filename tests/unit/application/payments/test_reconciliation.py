"""The comparison of our books with the provider's, over real persistence."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from application.payments.dismiss_difference import DismissDifference
from application.payments.play_sandbox_bank import ChargebackOutcome
from application.payments.reconcile_books import ReconcileBooks
from application.ports.provider_books import MovementKind, ProviderBooks, ProviderMovement
from application.reports.send_statements import SendStatements
from domain.bookings.booking_refusals import OnlyAnUninvolvedAdmin
from domain.payments.difference import DifferenceId
from domain.payments.ledger import (
    LedgerAccount,
    LedgerTransaction,
    LedgerTransactionId,
    Posting,
    TransactionKind,
)
from domain.shared.actor import AdminsOnly
from domain.shared.money import Money
from infrastructure.payments.sandbox_books import fee_of
from infrastructure.persistence.audit.audit_tables import audit_log
from infrastructure.persistence.payments.payout_tables import reconciliation_differences
from infrastructure.persistence.payments.sandbox_tables import sandbox_chargebacks, sandbox_movements
from infrastructure.persistence.payments.sql_earnings_queries import SqlEarningsQueries
from tests.support.builders import ADMIN, CAREGIVER, OWNER, euros
from tests.support.money_world import DAY, HOUR, MoneyWorld


async def differences(money: MoneyWorld) -> list[tuple[str, str, int | None, int | None]]:
    """Those that are there."""
    rows = await money.world.rows(reconciliation_differences)
    return [
        (row["kind"], row["reference"], row["ours_cents"], row["theirs_cents"])
        for row in rows
        if row["gone_at"] is None
    ]


async def only_there(money: MoneyWorld, kind: MovementKind, source_id: str, amount: Money) -> None:
    """Something that moved at the provider without our doing."""
    async with money.world.database.begin() as connection:
        await money.world.books.write(connection, kind, source_id, amount)


async def only_here(money: MoneyWorld, reference: str, amount: Money) -> None:
    """Something that stands in our books alone."""
    transaction = LedgerTransaction(
        id=LedgerTransactionId(money.world.ids.new()),
        kind=TransactionKind.STRAY_CHARGE,
        reference=reference,
        at=money.world.clock.now(),
        postings=(Posting(LedgerAccount.PROVIDER, LedgerAccount.OWED_TO_OWNERS, amount),),
    )
    async with money.world.unit_of_work() as uow:
        assert await uow.ledger.post(transaction)


async def test_a_life_with_all_that_can_happen_leaves_no_difference(money: MoneyWorld) -> None:
    first = await money.paid_out()
    await money.give_back(first, euros("5.00"))
    await money.work()
    await money.bank.return_refunds(actor=OWNER, payment_id=(await money.opened_payment(first)).id)
    await money.work()
    money.world.clock.advance(HOUR)
    assert await money.reconcile() == 0
    second = await money.completed()
    await money.charge_back(second, ChargebackOutcome.OPENED, ChargebackOutcome.WON)
    third = await money.completed()
    await money.charge_back(third, ChargebackOutcome.OPENED, ChargebackOutcome.LOST)
    money.world.clock.advance(HOUR)
    assert await money.reconcile() == 0
    assert await differences(money) == []
    # Fees are known from the provider alone: three payments were charged for.
    fees = Money(3 * fee_of(euros("20.00")).amount_cents)
    assert await money.balance(LedgerAccount.FEES) == fees
    assert await money.balance(LedgerAccount.PROVIDER) == await money.at_provider() - fees
    assert await money.reconcile() == 0
    assert await money.balance(LedgerAccount.FEES) == fees


async def test_what_only_the_provider_knows_is_a_difference_until_we_know_it(money: MoneyWorld) -> None:
    await only_there(money, MovementKind.CHARGE, "ch_dashboard", euros("7.00"))
    assert await money.reconcile() == 0, "what moved a moment ago may not have been told yet"
    money.world.clock.advance(HOUR)
    for _ in range(2):
        assert await money.reconcile() == 1
    assert await differences(money) == [("not_in_ledger", "ch_dashboard", None, 700)]
    await only_here(money, "ch_dashboard", euros("7.00"))
    assert await money.reconcile() == 0


async def test_what_only_we_know_is_a_difference_until_it_is_explained(money: MoneyWorld) -> None:
    await only_here(money, "ch_lost", euros("7.00"))
    money.world.clock.advance(HOUR)
    assert await money.reconcile() == 1
    assert await differences(money) == [("not_at_provider", "ch_lost", 700, None)]
    money.world.clock.advance(20 * DAY)
    assert await money.reconcile() == 1, "an old difference does not go away by growing older"
    dismiss = DismissDifference(unit_of_work=money.world.unit_of_work, clock=money.world.clock)
    found = DifferenceId((await money.world.rows(reconciliation_differences))[0]["id"])
    with pytest.raises(AdminsOnly):
        await dismiss.execute(admin=OWNER, difference_id=found, reason="a test charge")
    await dismiss.execute(admin=ADMIN, difference_id=found, reason="a test charge")
    assert [row["action"] for row in await money.world.rows(audit_log)] == ["reconciliation.dismiss"]
    assert await money.reconcile() == 0


async def test_what_was_explained_does_not_come_back_the_next_night(money: MoneyWorld) -> None:
    await only_here(money, "ch_lost", euros("7.00"))
    money.world.clock.advance(HOUR)
    assert await money.reconcile() == 1
    found = DifferenceId((await money.world.rows(reconciliation_differences))[0]["id"])
    dismiss = DismissDifference(unit_of_work=money.world.unit_of_work, clock=money.world.clock)
    await dismiss.execute(admin=ADMIN, difference_id=found, reason="a test charge")
    assert await money.reconcile() == 0
    await only_there(money, MovementKind.CHARGE, "ch_lost", euros("6.00"))
    money.world.clock.advance(HOUR)
    assert await money.reconcile() == 1
    assert await differences(money) == [("amount", "ch_lost", 700, 600)]


async def test_events_that_are_told_days_late_are_no_difference(money: MoneyWorld) -> None:
    await only_there(money, MovementKind.CHARGE, "ch_late", euros("7.00"))
    money.world.clock.advance(3 * DAY - HOUR)
    await only_here(money, "ch_late", euros("7.00"))
    money.world.clock.advance(DAY)
    assert await money.reconcile() == 0


async def test_money_that_goes_to_our_bank_and_fees_of_their_own_are_posted(money: MoneyWorld) -> None:
    await only_there(money, MovementKind.BANK, "po_1", euros("0.00") - euros("100.00"))
    await only_there(money, MovementKind.FEE, "txn_fee", euros("0.00") - euros("2.00"))
    money.world.clock.advance(HOUR)
    for _ in range(2):
        assert await money.reconcile() == 0
    assert await money.balance(LedgerAccount.BANK) == euros("100.00")
    assert await money.balance(LedgerAccount.FEES) == euros("2.00")


async def test_what_nothing_of_ours_caused_is_a_difference_until_an_admin_has_explained_it(money: MoneyWorld) -> None:
    await only_there(money, MovementKind.OTHER, "adjustment", euros("1.00"))
    moved = (await money.world.rows(sandbox_movements))[0]["id"]
    money.world.clock.advance(HOUR)
    assert await money.reconcile() == 1
    assert await differences(money) == [("not_in_ledger", moved, None, 100)]
    found = DifferenceId((await money.world.rows(reconciliation_differences))[0]["id"])
    dismiss = DismissDifference(unit_of_work=money.world.unit_of_work, clock=money.world.clock)
    await dismiss.execute(admin=ADMIN, difference_id=found, reason="a correction of the provider's")
    assert await money.reconcile() == 0
    assert await money.balance(LedgerAccount.PROVIDER) == Money(0)


@pytest.mark.parametrize("nights_without", [5, 40])
async def test_what_moved_while_no_comparison_ran_is_compared_by_the_next(
    money: MoneyWorld, nights_without: int
) -> None:
    assert await money.reconcile() == 0
    await only_there(money, MovementKind.CHARGE, "ch_dashboard", euros("7.00"))
    await only_here(money, "ch_lost", euros("5.00"))
    money.world.clock.advance(nights_without * DAY)
    assert await money.reconcile() == 2
    assert sorted(await differences(money)) == [
        ("not_at_provider", "ch_lost", 500, None),
        ("not_in_ledger", "ch_dashboard", None, 700),
    ]


async def test_the_same_that_moves_again_long_after_is_a_difference(money: MoneyWorld) -> None:
    """A bank that takes back a second time what it had given back."""
    booking_id = await money.completed()
    await money.charge_back(booking_id, ChargebackOutcome.OPENED, ChargebackOutcome.WON)
    money.world.clock.advance(HOUR)
    assert await money.reconcile() == 0
    money.world.clock.advance(60 * DAY)
    taken = (await money.world.rows(sandbox_chargebacks))[0]
    await only_there(money, MovementKind.CHARGEBACK, taken["id"], Money(-taken["amount_cents"]))
    money.world.clock.advance(HOUR)
    for _ in range(2):
        assert await money.reconcile() == 1
    assert await differences(money) == [("amount", taken["id"], -2000, -4000)]


class NewestFirst(ProviderBooks):
    """Lists as Stripe does."""

    def __init__(self, books: ProviderBooks) -> None:
        self._books = books

    async def movements(self, *, since: datetime, until: datetime) -> AsyncIterator[ProviderMovement]:
        for movement in [one async for one in self._books.movements(since=since, until=until)][::-1]:
            yield movement


@pytest.mark.parametrize("newest_first", [False, True])
async def test_progress_only_grows(money: MoneyWorld, newest_first: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"kind": "fee", "source_id": "x", "amount_cents": -1, "fee_cents": 0, "currency": "EUR"}
    at = money.world.clock.now()
    rows = [row | {"id": f"sbx_txn_{number:05}", "at": at + number * timedelta(minutes=1)} for number in range(2_000)]
    async with money.world.database.begin() as connection:
        await connection.execute(sandbox_movements.insert(), rows)
    money.world.clock.advance(2 * DAY)
    told: list[float] = []
    monkeypatch.setattr("application.payments.reconcile_books.report_progress", told.append)
    books = NewestFirst(money.world.books) if newest_first else money.world.books
    use_case = ReconcileBooks(
        unit_of_work=money.world.unit_of_work,
        books=books,
        ledger=money.ledger,
        clock=money.world.clock,
        ids=money.world.ids,
    )
    assert await use_case.execute() == 0
    assert len(told) == 4
    assert told == sorted(set(told))
    assert 0 <= told[0] < told[-1] <= 1


async def test_a_booking_that_the_ledger_does_not_know_of_is_a_difference(money: MoneyWorld) -> None:
    booking_id = await money.world.accepted()
    async with money.world.unit_of_work() as uow:
        booking = await uow.bookings.get(booking_id, for_update=True)
        booking.mark_paid(payment_id=money.world.ids.new(), captured=booking.gross, at=money.world.clock.now())
        await uow.bookings.save(booking)
    assert await money.reconcile() == 1
    assert await differences(money) == [("booking", f"booking:{booking_id}", 0, 2000)]
    money.world.clock.advance(timedelta(days=30))
    assert await money.reconcile() == 1
    async with money.world.unit_of_work() as uow:
        booking = await uow.bookings.get(booking_id)
        sale = LedgerTransaction(
            id=LedgerTransactionId(money.world.ids.new()),
            kind=TransactionKind.CHARGE,
            reference="ch_found",
            at=money.world.clock.now(),
            postings=(Posting(LedgerAccount.PROVIDER, LedgerAccount.EARNINGS, booking.gross),),
            booking_id=booking_id,
        )
        await uow.ledger.post(sale)
    assert await money.reconcile() == 0


async def only_an_uninvolved_admin_dismisses_it(money: MoneyWorld) -> None:
    dismiss = DismissDifference(unit_of_work=money.world.unit_of_work, clock=money.world.clock)
    found = DifferenceId((await money.world.rows(reconciliation_differences))[0]["id"])
    for party in (OWNER, CAREGIVER):
        with pytest.raises(OnlyAnUninvolvedAdmin):
            await dismiss.execute(admin=replace(party, is_admin=True), difference_id=found, reason="mine")
    assert await differences(money) != []
    assert await money.world.rows(audit_log) == []


async def test_a_difference_about_a_booking_is_dismissed_by_an_admin_who_is_no_party_to_it(money: MoneyWorld) -> None:
    booking_id = await money.world.accepted()
    async with money.world.unit_of_work() as uow:
        booking = await uow.bookings.get(booking_id, for_update=True)
        booking.mark_paid(payment_id=money.world.ids.new(), captured=booking.gross, at=money.world.clock.now())
        await uow.bookings.save(booking)
    assert await money.reconcile() == 1
    await only_an_uninvolved_admin_dismisses_it(money)
    dismiss = DismissDifference(unit_of_work=money.world.unit_of_work, clock=money.world.clock)
    found = DifferenceId((await money.world.rows(reconciliation_differences))[0]["id"])
    await dismiss.execute(admin=ADMIN, difference_id=found, reason="paid by hand")
    assert await money.reconcile() == 0


async def test_a_provider_that_wrote_much_is_read_page_by_page(money: MoneyWorld) -> None:
    row = {"kind": "fee", "source_id": "x", "amount_cents": -3, "fee_cents": 0, "currency": "EUR"}
    at = money.world.clock.now()
    rows = [row | {"id": f"sbx_txn_{number:05}", "at": at} for number in range(1_203)]
    async with money.world.database.begin() as connection:
        await connection.execute(sandbox_movements.insert(), rows)
    money.world.clock.advance(HOUR)
    assert await money.reconcile() == 0
    assert await money.balance(LedgerAccount.FEES) == Money(3 * 1_203)


async def test_caregivers_are_told_of_their_month_once(money: MoneyWorld) -> None:
    await money.paid_out()
    money.world.clock.set(datetime(2026, 12, 1, 5, 0, tzinfo=UTC))
    send = SendStatements(
        unit_of_work=money.world.unit_of_work,
        earnings=SqlEarningsQueries(money.world.database),
        clock=money.world.clock,
    )
    for _ in range(2):
        assert await send.execute() == 1
    mails = [mail for mail in await money.world.jobs("mail.send") if mail["mail"] == "earnings_statement"]
    assert [(mail["statement_of"], mail["month"]) for mail in mails] == [(str(CAREGIVER.caregiver_id), "2026-11")]
