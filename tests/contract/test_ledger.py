"""What the ledger promises, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from domain.bookings.booking_life import BookingId
from domain.payments.ledger import (
    LedgerAccount,
    LedgerTransaction,
    LedgerTransactionId,
    Posting,
    TransactionKind,
)
from domain.shared.money import Money
from infrastructure.persistence.payments.ledger_tables import ledger_postings, ledger_transactions
from infrastructure.persistence.payments.sql_ledger_queries import SqlLedgerQueries
from tests.support.builders import CAREGIVER, NOW, identified
from tests.support.stores import Store, the_other_caregiver

PROVIDER, EARNINGS, COMMISSION = LedgerAccount.PROVIDER, LedgerAccount.EARNINGS, LedgerAccount.COMMISSION
DEBT = LedgerAccount.CAREGIVER_DEBT


def a_transaction(
    reference: str, *postings: Posting, kind: TransactionKind = TransactionKind.CHARGE, booking: BookingId | None = None
) -> LedgerTransaction:
    return LedgerTransaction(
        id=LedgerTransactionId(identified(f"transaction {reference}")),
        kind=kind,
        reference=reference,
        at=NOW,
        postings=postings,
        booking_id=booking,
        caregiver_id=CAREGIVER.caregiver_id,
    )


def charge(reference: str = "ch_1", booking: BookingId | None = None) -> LedgerTransaction:
    return a_transaction(
        reference,
        Posting(PROVIDER, COMMISSION, Money(400)),
        Posting(PROVIDER, EARNINGS, Money(1600)),
        booking=booking,
    )


async def post(store: Store, transaction: LedgerTransaction) -> bool:
    async with store.unit_of_work() as uow:
        return await uow.ledger.post(transaction)


async def test_of_one_reference_only_the_first_transaction_is_posted(peopled: Store) -> None:
    assert await post(peopled, charge()) is True
    again = a_transaction("ch_1", Posting(PROVIDER, EARNINGS, Money(9999)))
    other_id = LedgerTransaction(
        id=LedgerTransactionId(identified("another")),
        kind=again.kind,
        reference="ch_1",
        at=NOW,
        postings=again.postings,
    )
    assert await post(peopled, other_id) is False
    assert await SqlLedgerQueries(peopled.database).balances() == {
        account: Money({PROVIDER: 2000, COMMISSION: -400, EARNINGS: -1600}.get(account, 0)) for account in LedgerAccount
    }


@pytest.mark.parametrize("table", ["ledger_transactions", "ledger_postings"])
async def test_the_database_refuses_to_change_or_delete_what_was_posted(peopled: Store, table: str) -> None:
    await post(peopled, charge())
    change = "at = at" if table == "ledger_transactions" else "amount_cents = amount_cents + 1"
    for statement in (f"UPDATE {table} SET {change}", f"DELETE FROM {table}"):
        with pytest.raises(IntegrityError, match="ledger_is_append_only"):
            async with peopled.database.begin() as connection:
                await connection.execute(text(statement))
    assert len(await peopled.rows(ledger_postings)) == 2
    assert len(await peopled.rows(ledger_transactions)) == 1


async def test_postgresql_refuses_to_empty_the_ledger(postgres_store: Store) -> None:
    await postgres_store.people()
    await post(postgres_store, charge())
    with pytest.raises(IntegrityError, match="ledger_is_append_only"):
        async with postgres_store.database.begin() as connection:
            await connection.execute(text("TRUNCATE ledger_transactions, ledger_postings"))


@pytest.mark.parametrize(
    ("debit", "credit", "cents"),
    [("provider", "provider", 1), ("provider", "earnings", 0), ("provider", "earnings", -1), ("provider", "mine", 1)],
)
async def test_the_database_refuses_a_posting_that_is_none(peopled: Store, debit: str, credit: str, cents: int) -> None:
    await post(peopled, charge())
    row = {
        "transaction_id": charge().id,
        "position": 9,
        "debit": debit,
        "credit": credit,
        "amount_cents": cents,
        "currency": "EUR",
    }
    with pytest.raises(IntegrityError):
        async with peopled.database.begin() as connection:
            await connection.execute(ledger_postings.insert().values(row))


async def test_the_debt_of_a_caregiver_is_what_is_not_netted(peopled: Store) -> None:
    assert CAREGIVER.caregiver_id is not None
    await post(peopled, a_transaction("debt:1", Posting(DEBT, EARNINGS, Money(500)), kind=TransactionKind.DEBT))
    await post(peopled, a_transaction("net:1", Posting(EARNINGS, DEBT, Money(200)), kind=TransactionKind.DEBT_NETTED))
    async with peopled.unit_of_work() as uow:
        assert await uow.ledger.debt_of(CAREGIVER.caregiver_id) == Money(300)
        assert await uow.ledger.debt_of(the_other_caregiver().id) == Money(0)


async def test_what_moved_at_the_provider_is_told_by_reference_and_by_time(peopled: Store) -> None:
    queries = SqlLedgerQueries(peopled.database)
    await post(peopled, charge())
    await post(peopled, a_transaction("tr_1", Posting(EARNINGS, PROVIDER, Money(1600)), kind=TransactionKind.PAYOUT))
    fees = LedgerAccount.FEES
    await post(peopled, a_transaction("fee:1", Posting(fees, PROVIDER, Money(55)), kind=TransactionKind.FEE))
    await post(peopled, a_transaction("debt:1", Posting(DEBT, EARNINGS, Money(5)), kind=TransactionKind.DEBT))
    assert await queries.at_provider(["ch_1", "tr_1", "debt:1", "ch_unknown"]) == {
        "ch_1": Money(2000),
        "tr_1": Money(-1600),
    }
    hour = timedelta(hours=1)
    between = await queries.at_provider_between(NOW, NOW + hour)
    assert between == {"ch_1": Money(2000), "tr_1": Money(-1600)}
    assert await queries.at_provider_between(NOW - hour, NOW) == {}


async def test_a_booking_whose_money_is_not_in_the_ledger_is_off(peopled: Store) -> None:
    queries = SqlLedgerQueries(peopled.database)
    booking_id = await peopled.book()
    await peopled.accept(booking_id)
    await peopled.pay(booking_id)
    off = await queries.bookings_off(NOW - timedelta(hours=1))
    assert [(one.booking_id, one.by_booking, one.by_ledger) for one in off] == [(booking_id, Money(2000), Money(0))]
    assert await queries.bookings_off(NOW + timedelta(hours=1)) == []
    await post(peopled, charge(booking=booking_id))
    assert await queries.bookings_off(NOW - timedelta(hours=1)) == []
    back = a_transaction(
        "refund:1",
        Posting(EARNINGS, LedgerAccount.OWED_TO_OWNERS, Money(1)),
        kind=TransactionKind.REFUND_DECIDED,
        booking=booking_id,
    )
    await post(peopled, back)
    off = await queries.bookings_off(NOW - timedelta(hours=1))
    assert [(one.by_booking, one.by_ledger) for one in off] == [(Money(2000), Money(1999))]
