"""The promises of keeping a provider's pace."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from application.ports.pace import Pace, Turn
from infrastructure.pace.in_memory_pace import InMemoryPace
from infrastructure.pace.redis_pace import RedisPace
from infrastructure.redis.redis_client import create_redis
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker
from tests.support.servers import RedisProcess

CALLS = 20
# Of one turn, so long that the test itself takes no time beside it, however busy the machine is.
INTERVAL_SECONDS = 100
# A machine that is busy with other tests must not look like a slow Redis.
RULE = replace(BREAKER_RULES["cache"], timeout_seconds=5, slow_seconds=None)


@pytest.fixture(params=["in memory", "redis"])
async def pace(request: pytest.FixtureRequest) -> AsyncIterator[Pace]:
    if request.param == "in memory":
        yield InMemoryPace()
        return
    redis = create_redis(request.getfixturevalue("redis_server"), timeout_seconds=5, retries=0)
    yield RedisPace(redis, Breaker("pace", RULE), prefix=f"{uuid4()}:")
    await redis.aclose()


async def turns(pace: Pace, count: int, *, per_second: float, longest: float = 10 * INTERVAL_SECONDS) -> list[Turn]:
    return [await pace.turn("email", per_second=per_second, longest_wait_seconds=longest) for _ in range(count)]


async def test_the_first_turn_is_now_and_the_others_follow_evenly(pace: Pace) -> None:
    first, *others = await turns(pace, 5, per_second=1 / INTERVAL_SECONDS)
    assert first == Turn(0, True)
    for number, turn in enumerate(others, start=1):
        assert turn.is_reserved
        assert number - 0.5 < turn.seconds / INTERVAL_SECONDS <= number


async def test_over_any_time_no_more_turns_come_than_the_rate_allows_and_one(pace: Pace) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()

    async def call() -> float:
        turn = await pace.turn("email", per_second=100, longest_wait_seconds=60)
        await asyncio.sleep(turn.seconds)
        return loop.time() - started

    ends = sorted([await call() for _ in range(CALLS)])
    assert ends[-1] > (CALLS - 1) / 100 - 0.02


async def test_a_turn_that_is_too_far_off_is_not_reserved(pace: Pace) -> None:
    await turns(pace, 2, per_second=1 / INTERVAL_SECONDS)
    far = (await turns(pace, 3, per_second=1 / INTERVAL_SECONDS, longest=INTERVAL_SECONDS))[-1]
    assert not far.is_reserved
    # Had it been reserved, the next would wait for longer and longer.
    assert 1.5 < far.seconds / INTERVAL_SECONDS <= 2


async def test_providers_do_not_wait_for_each_other(pace: Pace) -> None:
    await turns(pace, 3, per_second=0.1)
    other = await pace.turn("payments", per_second=0.1, longest_wait_seconds=0)
    assert other == Turn(0, True)


async def test_two_processes_share_one_pace(redis_server: str) -> None:
    prefix, redis = f"{uuid4()}:", create_redis(redis_server, timeout_seconds=5, retries=0)
    one, other = (RedisPace(redis, Breaker("pace", RULE), prefix=prefix) for _ in range(2))
    waits = [(await turns(pace, 1, per_second=1 / INTERVAL_SECONDS))[0].seconds for pace in (one, other, one, other)]
    await redis.aclose()
    assert [round(wait / INTERVAL_SECONDS) for wait in waits] == [0, 1, 2, 3]


async def test_without_redis_each_process_keeps_the_pace_for_itself(redis_process: RedisProcess) -> None:
    redis = create_redis(redis_process.url, timeout_seconds=5, retries=0)
    pace = RedisPace(redis, Breaker("pace", RULE))
    redis_process.stop()
    first, second = await turns(pace, 2, per_second=1 / INTERVAL_SECONDS)
    await redis.aclose()
    assert first == Turn(0, True)
    assert 0.5 < second.seconds / INTERVAL_SECONDS <= 1
