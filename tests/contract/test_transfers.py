"""What every adapter of transfers promises. Here: the sandbox, bare and guarded, on both databases; Stripe, played."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from application.ports.payments import PaymentRefused
from application.ports.transfers import ProviderReversal, ProviderTransfer
from domain.shared.money import Money
from tests.support.payment_providers import REFERENCE, Provider


async def refused(call: Callable[[], Awaitable[object]]) -> None:
    with pytest.raises(PaymentRefused):
        await call()


async def reverse(provider: Provider, transfer_id: str, cents: int, key: str) -> ProviderReversal:
    return await provider.transfers.reverse(transfer_id=transfer_id, amount=Money(cents), idempotency_key=key)


async def a_transfer(provider: Provider, cents: int = 1600) -> ProviderTransfer:
    return await provider.transfer(await provider.charged(), cents, "transfer:1:1", to=await provider.receiver())


async def test_a_transfer_is_found_by_its_id_and_its_booking(provider: Provider) -> None:
    charge, account = await provider.charged(), await provider.receiver()
    made = await provider.transfer(charge, 1600, "transfer:1:1", to=account)
    assert (made.key, made.destination) == ("transfer:1:1", account)
    assert (made.amount, made.reversed) == (Money(1600), Money(0))
    assert await provider.transfers.retrieve(made.id) == made
    other = await provider.transfer(charge, 100, "transfer:2:1", to=account, reference="booking_2")
    assert await provider.transfers.of_reference(REFERENCE) == [made]
    assert await provider.transfers.of_reference("booking_2") == [other]
    assert await provider.transfers.of_reference("booking_3") == []


async def test_a_transfer_is_made_once_per_key_however_many_ask_at_once(provider: Provider) -> None:
    charge, account = await provider.charged(), await provider.receiver()
    made = await asyncio.gather(*(provider.transfer(charge, 500, "transfer:1:1", to=account) for _ in range(12)))
    assert len({transfer.id for transfer in made}) == 1
    assert await provider.transfers.of_reference(REFERENCE) == [made[0]]


async def test_a_key_used_with_other_parameters_is_refused(provider: Provider) -> None:
    charge, other = await provider.charged(), await provider.charged(key="pay:2:1")
    account, stranger = await provider.receiver(), await provider.receiver(key="acct:2")
    made = await provider.transfer(charge, 500, "transfer:1:1", to=account)
    await refused(lambda: provider.transfer(charge, 501, "transfer:1:1", to=account))
    await refused(lambda: provider.transfer(other, 500, "transfer:1:1", to=account))
    await refused(lambda: provider.transfer(charge, 500, "transfer:1:1", to=stranger))
    await refused(lambda: provider.transfer(charge, 500, "transfer:1:1", to=account, reference="booking_2"))
    assert await provider.transfers.of_reference(REFERENCE) == [made]


async def test_the_transfers_of_a_charge_never_add_up_to_more_than_it(provider: Provider) -> None:
    charge, account = await provider.charged(), await provider.receiver()
    outcomes = await asyncio.gather(
        *(provider.transfer(charge, 300, f"transfer:1:{at}", to=account) for at in range(12)), return_exceptions=True
    )
    assert sum(isinstance(outcome, ProviderTransfer) for outcome in outcomes) == 6
    assert sum(isinstance(outcome, PaymentRefused) for outcome in outcomes) == 6
    await refused(lambda: provider.transfer(charge, 201, "transfer:2:1", to=account))
    await provider.transfer(charge, 200, "transfer:2:2", to=account)
    assert sum(made.amount.amount_cents for made in await provider.transfers.of_reference(REFERENCE)) == 2000


@pytest.mark.parametrize("cents", [0, -1])
async def test_nothing_or_less_is_not_transferred_or_taken_back(provider: Provider, cents: int) -> None:
    """It would make room for more."""
    made = await a_transfer(provider)
    charge, account = await provider.charged(key="pay:2:1"), made.destination
    await refused(lambda: provider.transfer(charge, cents, "transfer:2:1", to=account))
    await refused(lambda: reverse(provider, made.id, cents, "rev:1:1"))


async def test_what_the_provider_does_not_know_is_refused(provider: Provider) -> None:
    charge, account = await provider.charged(), await provider.receiver()
    await refused(lambda: provider.transfer("nothing", 100, "transfer:1:1", to=account))
    await refused(lambda: provider.transfer(charge, 100, "transfer:1:2", to="nothing"))
    await refused(lambda: provider.transfers.retrieve("nothing"))
    await refused(lambda: reverse(provider, "nothing", 100, "rev:1:1"))


async def test_a_transfer_is_taken_back_in_parts_and_no_further(provider: Provider) -> None:
    made = await a_transfer(provider)
    first = await reverse(provider, made.id, 600, "rev:1:1")
    assert (first.key, first.amount) == ("rev:1:1", Money(600))
    await refused(lambda: reverse(provider, made.id, 1001, "rev:1:2"))
    second = await reverse(provider, made.id, 1000, "rev:1:3")
    await refused(lambda: reverse(provider, made.id, 1, "rev:1:4"))
    found = await provider.transfers.reversals_of(made.id)
    assert sorted(found, key=lambda reversal: reversal.key or "") == [first, second]
    assert (await provider.transfers.retrieve(made.id)).reversed == made.amount


async def test_a_reversal_is_made_once_per_key(provider: Provider) -> None:
    made = await a_transfer(provider)
    reversals = await asyncio.gather(*(reverse(provider, made.id, 500, "rev:1:1") for _ in range(12)))
    assert len({reversal.id for reversal in reversals}) == 1
    await refused(lambda: reverse(provider, made.id, 501, "rev:1:1"))
    assert await provider.transfers.reversals_of(made.id) == [reversals[0]]


async def test_reversals_at_once_stay_below_what_was_transferred(provider: Provider) -> None:
    made = await a_transfer(provider, 1000)
    outcomes = await asyncio.gather(
        *(reverse(provider, made.id, 300, f"rev:1:{at}") for at in range(6)), return_exceptions=True
    )
    assert sum(isinstance(outcome, ProviderReversal) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, PaymentRefused) for outcome in outcomes) == 3
    assert (await provider.transfers.retrieve(made.id)).reversed == Money(900)


async def test_nothing_moves_in_another_currency(provider: Provider) -> None:
    made = await a_transfer(provider)
    await refused(
        lambda: provider.transfers.reverse(transfer_id=made.id, amount=Money(100, "USD"), idempotency_key="rev:1:1")
    )
    assert await provider.transfers.reversals_of(made.id) == []
