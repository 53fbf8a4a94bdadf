"""Reads of one turn of the loop become one; who leaves takes nobody with him."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from infrastructure.cache.coalesced_reads import CoalescedReads
from tests.support.polling import until


@dataclass
class Store:
    asked: list[list[str]] = field(default_factory=list[list[str]])
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    is_away: bool = False
    serving: "asyncio.Task[object] | None" = None

    async def fetch(self, keys: Sequence[str]) -> Sequence[bytes | None] | None:
        self.asked.append(list(keys))
        self.serving = asyncio.current_task()
        await self.may_answer.wait()
        return None if self.is_away else [key.encode() for key in keys]


async def test_those_who_ask_in_one_turn_share_a_question_and_each_key_is_asked_for_once() -> None:
    store = Store()
    store.may_answer.set()
    reads = CoalescedReads(store.fetch)
    answers = await asyncio.gather(reads.read(["a", "b"]), reads.read(["b", "c"]))
    assert store.asked == [["a", "b", "c"]]
    assert answers[1] is not None
    assert (answers[1]["b"], answers[1]["c"]) == (b"b", b"c")


async def test_nobody_is_answered_from_a_question_that_was_sent_before_he_asked() -> None:
    store = Store()
    reads = CoalescedReads(store.fetch)
    first = asyncio.create_task(reads.read(["a"]))
    await until(lambda: store.asked != [])
    second = asyncio.create_task(reads.read(["a"]))
    await asyncio.sleep(0)
    store.may_answer.set()
    await asyncio.gather(first, second)
    assert store.asked == [["a"], ["a"]]


async def test_one_who_leaves_takes_nobody_with_him() -> None:
    store = Store()
    reads = CoalescedReads(store.fetch)
    leaving, staying = (asyncio.create_task(reads.read(["a"])) for _ in range(2))
    await until(lambda: store.asked != [])
    leaving.cancel()
    store.may_answer.set()
    assert await staying == {"a": b"a"}
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_question_that_is_given_up_is_no_answer() -> None:
    store = Store()
    reads = CoalescedReads(store.fetch)
    asking = asyncio.create_task(reads.read(["a"]))
    await until(lambda: store.serving is not None)
    assert store.serving is not None
    store.serving.cancel()
    assert await asking is None


async def test_a_store_that_is_away_is_no_answer() -> None:
    store = Store(is_away=True)
    store.may_answer.set()
    assert await CoalescedReads(store.fetch).read(["a"]) is None
