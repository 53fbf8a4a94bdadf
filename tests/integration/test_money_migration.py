"""Money that moved before there was a ledger: what the migration writes down of it, on both databases."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from application.payments.play_sandbox_bank import SandboxOutcome
from application.ports.payments import PaymentRefused, ProviderRefund
from domain.bookings.booking_life import BookingId
from domain.payments.ledger import TransactionKind
from domain.shared.money import Money
from infrastructure.payments.sandbox_payments import SandboxPayments
from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.migrations import alembic_config, on_connection
from infrastructure.persistence.payments.ledger_tables import ledger_postings, ledger_transactions
from infrastructure.persistence.payments.sandbox_tables import sandbox_movements, sandbox_refunds
from tests.support.booking_world import world_over
from tests.support.builders import OWNER
from tests.support.databases import create_database, drop_database
from tests.support.money_world import DAY, HOUR, MoneyWorld, euros
from tests.support.stores import BOTH, Store


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """An empty database of either kind, which nobody else migrates."""
    if request.param == "sqlite":
        yield database_url(None, tmp_path)
        return
    server: str = request.getfixturevalue("postgres_server")
    name = f"money_{tmp_path.name[-20:]}".lower().replace("-", "_")
    yield database_url(create_database(server, name), Path())
    drop_database(server, name)


async def migrate(money: MoneyWorld, url: URL, revision: str) -> None:
    """Up or down; nobody is connected meanwhile."""
    await money.world.database.dispose()
    move = command.upgrade if revision == "head" else command.downgrade
    await on_connection(url, lambda connection: move(alembic_config(connection), revision))


async def a_world(url: URL) -> MoneyWorld:
    world = world_over(Database(url))
    await migrate(MoneyWorld(world, world.payments, world.transfers), url, "head")
    await Store(database=world.database, url=url, clock=world.clock, ids=world.ids).people()
    return MoneyWorld(world, world.payments, world.transfers)


class NoRefunds(SandboxPayments):
    async def refund(self, *, charge_id: str, amount: Money, idempotency_key: str) -> ProviderRefund:
        raise PaymentRefused("the account is closed")


async def ledger(money: MoneyWorld) -> list[Any]:
    """All that is written down but the ids."""
    legs: dict[Any, list[Any]] = {}
    for row in await money.world.rows(ledger_postings):
        leg = (row["position"], row["debit"], row["credit"], row["amount_cents"], row["currency"])
        legs.setdefault(row["transaction_id"], []).append(leg)
    names = ("kind", "reference", "booking_id", "caregiver_id")
    rows = await money.world.rows(ledger_transactions)
    return sorted(([*(str(row[name]) for name in names), sorted(legs[row["id"]])] for row in rows), key=str)


async def provider(money: MoneyWorld) -> list[Any]:
    names = ("kind", "source_id", "amount_cents", "fee_cents", "currency")
    return sorted(tuple(row[name] for name in names) for row in await money.world.rows(sandbox_movements))


async def stray(money: MoneyWorld) -> BookingId:
    """Paid after it had expired."""
    booking_id = await money.world.accepted(starts_in=10 * HOUR)
    payment_id = await money.opened(booking_id)
    money.world.clock.advance(2 * DAY)
    await money.expire()
    await money.bank.confirm(actor=OWNER, payment_id=payment_id, outcome=SandboxOutcome.SUCCEEDED)
    await money.work()
    return booking_id


async def lives(money: MoneyWorld) -> None:
    """Payments kept, given back in parts and whole, refunds that failed late or at once, and money too late."""
    world = money.world
    await stray(money)
    returned = await money.paid()
    await money.give_back(returned, euros("3.33"))
    await money.work()
    payment_id = (await money.opened_payment(returned)).id
    await money.bank.return_refunds(actor=OWNER, payment_id=payment_id)
    await money.work()
    for part in ("1.01", "2.02"):
        await money.give_back(returned, euros(part))
        await money.work()
    world.clock.advance(DAY)
    cancelled = await money.paid(starts_in=9 * DAY)
    await money.cancel(cancelled)
    await money.work()
    await money.paid(starts_in=7 * HOUR)
    refused = await money.paid(starts_in=10 * HOUR)
    money.payments = NoRefunds(world.database, clock=world.clock, ids=world.ids)
    await money.give_back(refused, euros("4.00"))
    await money.work()


async def test_the_ledger_of_what_moved_before_there_was_one_is_as_if_there_had_been(url: URL) -> None:
    money = await a_world(url)
    await lives(money)
    posted, told, at_sandbox = await ledger(money), await provider(money), await money.world.rows(sandbox_refunds)
    kinds = {row[0] for row in posted}
    assert kinds == {
        TransactionKind.CHARGE.value,
        TransactionKind.STRAY_CHARGE.value,
        TransactionKind.REFUND_DECIDED.value,
        TransactionKind.REFUND.value,
        TransactionKind.REFUND_FAILED.value,
    }
    balances = await money.ledger.balances()
    await migrate(money, url, "0021")
    await migrate(money, url, "head")
    assert await ledger(money) == posted
    assert await money.ledger.balances() == balances
    assert await provider(money) == told
    assert await money.world.rows(sandbox_refunds) == at_sandbox
    await money.check_settled()
    money.world.clock.advance(HOUR)
    assert await money.reconcile() == 0
    await money.world.database.dispose()


async def test_the_ledger_that_was_written_down_cannot_be_changed(url: URL) -> None:
    money = await a_world(url)
    await money.paid()
    await migrate(money, url, "0021")
    await migrate(money, url, "head")
    for change in (ledger_transactions.delete(), ledger_postings.update().values(amount_cents=1)):
        with pytest.raises(DBAPIError, match="ledger_is_append_only"):
            async with money.world.database.write_engine.begin() as connection:
                await connection.execute(change)
    await money.world.database.dispose()


async def test_a_store_that_paid_somebody_out_does_not_go_back_to_where_that_is_not_known(url: URL) -> None:
    money = await a_world(url)
    booking_id = await money.paid_out()
    posted = await ledger(money)
    with pytest.raises(Exception, match="There are payouts") as refused:
        await migrate(money, url, "0021")
    assert type(refused.value).__name__ == "MoneyWouldBeForgotten"
    assert await ledger(money) == posted
    assert (await money.payout(booking_id)).transfer_id is not None
    await money.world.database.dispose()
