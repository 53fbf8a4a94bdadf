"""One statement for all who ask at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from infrastructure.persistence.coalesced import Coalesced
from tests.support.polling import until


@dataclass
class Counter:
    """Doubles numbers, many at once; keeps what it was asked together, and what nobody wanted any more."""

    batches: list[list[int]] = field(default_factory=list[list[int]])
    returned: list[int] = field(default_factory=list[int])
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def serve(self, numbers: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(numbers))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return [2 * number for number in numbers]

    async def take_back(self, answer: int) -> None:
        self.returned.append(answer)
        raise ConnectionResetError("whatever becomes of it")


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def test_who_comes_while_the_first_is_served_is_served_with_the_others(counter: Counter) -> None:
    coalesced = Coalesced(counter.serve)
    asking = [asyncio.create_task(coalesced.ask(number)) for number in range(5)]
    await until(lambda: counter.batches != [])
    late = [asyncio.create_task(coalesced.ask(number)) for number in (7, 8)]
    await asyncio.sleep(0)
    counter.gate.set()
    assert await asyncio.gather(*asking, *late) == [0, 2, 4, 6, 8, 14, 16]
    assert counter.batches[-1] == [7, 8]
    assert sum(len(batch) for batch in counter.batches) == 7


async def test_an_error_is_everybodys_and_the_next_ask_begins_anew(counter: Counter) -> None:
    coalesced = Coalesced(counter.serve)
    counter.gate.set()
    counter.error = ConnectionResetError("away")
    results = await asyncio.gather(*(coalesced.ask(number) for number in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [ConnectionResetError] * 3
    counter.error = None
    assert await coalesced.ask(4) == 8


async def test_what_nobody_waits_for_any_more_is_given_back_and_holds_up_no_other(counter: Counter) -> None:
    coalesced = Coalesced(counter.serve, give_back=counter.take_back)
    gone, stays = asyncio.create_task(coalesced.ask(1)), asyncio.create_task(coalesced.ask(2))
    await until(lambda: counter.batches != [])
    gone.cancel()
    await asyncio.wait([gone])
    counter.gate.set()
    assert await stays == 4
    await until(lambda: counter.returned == [2])
    assert await coalesced.ask(3) == 6
