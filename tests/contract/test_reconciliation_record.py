"""What the record of the comparison with the provider promises, on both databases."""

from datetime import timedelta

import pytest

from domain.payments.difference import (
    Difference,
    DifferenceGone,
    DifferenceId,
    DifferenceKind,
    DifferenceNotFound,
)
from domain.shared.money import Money
from infrastructure.persistence.operations.sql_system_queries import SqlSystemQueries
from tests.support.builders import NOW, identified
from tests.support.stores import Store

DAY = timedelta(days=1)


def a_difference(name: str, *, theirs: Money | None = None) -> Difference:
    return Difference(
        id=DifferenceId(identified(name)),
        kind=DifferenceKind.NOT_AT_PROVIDER,
        reference="ch_1",
        ours=Money(2000),
        theirs=theirs,
        found_at=NOW,
    )


async def test_of_one_reference_one_difference_is_there_until_it_is_gone(peopled: Store) -> None:
    queries = SqlSystemQueries(peopled.database, peopled.clock)
    first, second = a_difference("first"), a_difference("second")
    async with peopled.unit_of_work() as uow:
        await uow.reconciliation.add(first)
        await uow.reconciliation.add(second)
    assert await queries.reconciliation_differences() == 1
    async with peopled.unit_of_work() as uow:
        assert await uow.reconciliation.there() == [first]
        found = await uow.reconciliation.get(first.id)
        found.look_again(ours=Money(2000), theirs=Money(2000), at=NOW + DAY)
        await uow.reconciliation.save(found)
    assert await queries.reconciliation_differences() == 0
    async with peopled.unit_of_work() as uow:
        with pytest.raises(DifferenceGone):
            (await uow.reconciliation.get(first.id)).dismiss(at=NOW)
        with pytest.raises(DifferenceNotFound):
            await uow.reconciliation.get(second.id)
        await uow.reconciliation.add(second)
    assert await queries.reconciliation_differences() == 1


async def test_what_is_on_neither_side_any_more_is_gone_as_it_was(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        await uow.reconciliation.add(a_difference("first"))
    async with peopled.unit_of_work() as uow:
        found = await uow.reconciliation.get(a_difference("first").id)
        found.look_again(ours=None, theirs=None, at=NOW + DAY)
        await uow.reconciliation.save(found)
    async with peopled.unit_of_work() as uow:
        gone = await uow.reconciliation.get(found.id)
        assert (gone.ours, gone.theirs, gone.gone_at) == (Money(2000), None, NOW + DAY)


async def test_what_the_provider_told_is_summed_up_once_per_movement(peopled: Store) -> None:
    first = {"txn_1": ("dp_1", Money(-2000)), "txn_2": ("ch_1", Money(2000))}
    async with peopled.unit_of_work() as uow:
        await uow.reconciliation.keep_told({})
        await uow.reconciliation.keep_told(first)
    async with peopled.unit_of_work() as uow:
        await uow.reconciliation.keep_told(first | {"txn_3": ("dp_1", Money(-2000))})
    async with peopled.unit_of_work.reading() as uow:
        told = await uow.reconciliation.told(["dp_1", "ch_1", "ch_2"])
        assert told == {"dp_1": Money(-4000), "ch_1": Money(2000)}
        assert await uow.reconciliation.told([]) == {}


async def test_how_far_the_last_comparison_went_is_kept(peopled: Store) -> None:
    async with peopled.unit_of_work() as uow:
        assert await uow.reconciliation.compared_until() is None
    for until in (NOW, NOW + DAY):
        async with peopled.unit_of_work() as uow:
            await uow.reconciliation.keep_compared_until(until)
        async with peopled.unit_of_work() as uow:
            assert await uow.reconciliation.compared_until() == until
