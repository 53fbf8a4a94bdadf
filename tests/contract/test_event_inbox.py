"""What the inbox of provider events promises, on both databases."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.event_inbox import InboxEvent
from application.ports.payment_notices import NoticeSubject
from domain.shared.errors import NotFound
from infrastructure.persistence.payments.payment_tables import inbox_events
from tests.support.builders import NOW, identified
from tests.support.stores import Store

EVENT = InboxEvent(
    id=identified("event"),
    provider="stripe",
    event_id="evt_1",
    subject=NoticeSubject.PAYMENT,
    kind="payment_intent.succeeded",
    object_id="pi_1",
    received_at=NOW + timedelta(microseconds=1),
)


async def receive(store: Store, event: InboxEvent) -> bool:
    async with store.unit_of_work() as uow:
        return await uow.inbox.receive(event)


async def read(store: Store) -> InboxEvent:
    async with store.unit_of_work() as uow:
        return await uow.inbox.get(EVENT.id)


async def test_an_event_comes_back_as_it_was_received(store: Store) -> None:
    assert await receive(store, EVENT)
    assert await read(store) == EVENT


async def test_a_repeated_event_is_known_and_changes_nothing(store: Store) -> None:
    await receive(store, EVENT)
    again = replace(EVENT, id=identified("again"), kind="other", object_id="pi_2", received_at=NOW + timedelta(days=1))
    assert not await receive(store, again)
    assert len(await store.rows(inbox_events)) == 1
    assert await read(store) == EVENT
    async with store.unit_of_work() as uow:
        with pytest.raises(NotFound):
            await uow.inbox.get(again.id)


async def test_another_provider_may_use_the_same_event_id(store: Store) -> None:
    await receive(store, EVENT)
    assert await receive(store, replace(EVENT, id=identified("other"), provider="sandbox"))


async def test_of_many_deliveries_at_once_one_is_new(store: Store) -> None:
    deliveries = [replace(EVENT, id=identified(f"delivery {at}")) for at in range(20)]
    outcomes = await asyncio.gather(*(receive(store, event) for event in deliveries))
    assert outcomes.count(True) == 1
    (kept,) = await store.rows(inbox_events)
    assert kept["id"] == deliveries[outcomes.index(True)].id


async def test_an_event_whose_unit_of_work_failed_is_new_when_it_comes_again(store: Store) -> None:
    async with store.undone() as uow:
        assert await uow.inbox.receive(EVENT)
    assert await receive(store, EVENT)


async def test_an_event_is_applied_once_and_keeps_when_it_first_was(store: Store) -> None:
    await receive(store, EVENT)
    for minute in (1, 2):
        async with store.unit_of_work() as uow:
            await uow.inbox.mark_applied(EVENT.id, at=NOW + timedelta(minutes=minute))
    assert (await read(store)).applied_at == NOW + timedelta(minutes=1)


async def test_the_mark_belongs_to_the_transaction_of_the_effect(store: Store) -> None:
    await receive(store, EVENT)
    async with store.undone() as uow:
        await uow.inbox.mark_applied(EVENT.id, at=NOW)
    assert (await read(store)).applied_at is None
