"""What the books of every provider promise. Here: the sandbox on both databases, and Stripe, played."""

from datetime import timedelta

import pytest

from application.ports.payments import PaymentRefused
from application.ports.provider_books import MovementKind, ProviderMovement
from domain.shared.money import Money
from tests.support.builders import NOW
from tests.support.payment_providers import Provider

SECOND = timedelta(seconds=1)
# No breaker stands before the books.
pytestmark = pytest.mark.parametrize("provider", ["sqlite_store", "postgres_store", "played_stripe"], indirect=True)


async def read(provider: Provider) -> list[ProviderMovement]:
    return [line async for line in provider.books.movements(since=NOW, until=NOW + SECOND)]


def told(lines: list[ProviderMovement]) -> set[tuple[MovementKind, str, Money]]:
    return {(line.kind, line.source_id, line.amount) for line in lines}


async def test_nothing_moved_is_nothing_told(provider: Provider) -> None:
    opened = await provider.opened()
    await provider.bank.decline(opened.id, error="card_declined")
    await provider.payments.cancel(opened.id, idempotency_key="cancel:1:1")
    assert await read(provider) == []


async def test_whatever_moved_is_there_once(provider: Provider) -> None:
    charge, account = await provider.charged(), await provider.receiver()
    (refund, _) = [await provider.refund(charge, 200, "refund:1:1") for _ in range(2)]
    (transfer, _) = [await provider.transfer(charge, 1600, "transfer:1:1", to=account) for _ in range(2)]
    taken_back = {"transfer_id": transfer.id, "amount": Money(100), "idempotency_key": "rev:1:1"}
    (reversal, _) = [await provider.transfers.reverse(**taken_back) for _ in range(2)]
    lines = await read(provider)
    assert told(lines) == {
        (MovementKind.CHARGE, charge, Money(2000)),
        (MovementKind.REFUND, refund.id, Money(-200)),
        (MovementKind.TRANSFER, transfer.id, Money(-1600)),
        (MovementKind.REVERSAL, reversal.id, Money(100)),
    }
    assert len({line.id for line in lines}) == len(lines) == 4
    assert {line.at for line in lines} == {NOW}


async def test_what_was_refused_did_not_move(provider: Provider) -> None:
    charge, account = await provider.charged(), await provider.receiver()
    for call in (provider.refund(charge, 2001, "refund:1:1"), provider.transfer(charge, 2001, "t:1:1", to=account)):
        with pytest.raises(PaymentRefused):
            await call
    assert [line.kind for line in await read(provider)] == [MovementKind.CHARGE]


async def test_the_provider_keeps_a_fee_of_what_it_charges(provider: Provider) -> None:
    await provider.charged()
    (line,) = await read(provider)
    assert Money(0) < line.fee < line.amount


async def test_what_banks_take_and_give_back_is_there(provider: Provider) -> None:
    opened = await provider.opened()
    paid = await provider.bank.pay(opened.id)
    assert paid.charge_id is not None
    refund = await provider.refund(paid.charge_id, 200, "refund:1:1")
    await provider.bank.return_refunds(opened.id)
    chargeback = await provider.bank.charge_back(opened.id)
    await provider.bank.decide_chargeback(opened.id, won=True)
    assert told(await read(provider)) == {
        (MovementKind.CHARGE, paid.charge_id, Money(2000)),
        (MovementKind.REFUND, refund.id, Money(-200)),
        (MovementKind.REFUND_FAILURE, refund.id, Money(200)),
        (MovementKind.CHARGEBACK, chargeback.id, Money(-2000)),
        (MovementKind.CHARGEBACK_WON, chargeback.id, Money(2000)),
    }


async def test_a_period_has_its_first_instant_and_not_its_last(provider: Provider) -> None:
    await provider.charged()
    for since, until, lines in (
        (NOW, NOW + SECOND, 1),
        (NOW - SECOND, NOW + SECOND, 1),
        (NOW - SECOND, NOW, 0),
        (NOW + SECOND, NOW + 2 * SECOND, 0),
    ):
        assert len([line async for line in provider.books.movements(since=since, until=until)]) == lines
