"""What one breaker tells its namesakes through Redis, and when."""

import asyncio
from dataclasses import replace

import pytest

from application.ports.circuit_breakers import BreakerState
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.shared_breaker import SharedBreaker
from tests.support.breaker_world import RULE, Time, answer, fail
from tests.support.played_redis import PlayedRedis, told
from tests.support.polling import until

KEEP = 600_000


@pytest.fixture
def redis() -> PlayedRedis:
    return PlayedRedis()


@pytest.fixture
def breaker() -> Breaker:
    return Breaker("test", RULE, monotonic=Time(), jitter=lambda low, _high: low)


@pytest.fixture
def shared(breaker: Breaker, redis: PlayedRedis) -> SharedBreaker:
    breaker.link = SharedBreaker(breaker, redis.ask, lambda: redis.is_online, author="here")
    return breaker.link


async def _fail(shared: SharedBreaker, breaker: Breaker, times: int = 1) -> None:
    await fail(breaker, times)
    await shared.settle()


async def test_good_calls_tell_nothing(breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis) -> None:
    for _ in range(20):
        await breaker.call(answer)
    await shared.settle()
    assert redis.asked == []


async def test_a_failure_is_counted_and_the_count_of_all_adopted(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.says = told(7, failures=2)
    await _fail(shared, breaker)
    assert redis.asked == [("count", "test", "", "0", 1, 3, 30_000, KEEP)]
    assert breaker.status().failures == 2


async def test_each_command_names_the_version_that_was_told_last(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    for version in (7, 8, 9):
        redis.says = told(version, failures=version - 6)
        await _fail(shared, breaker)
    breaker.reset()
    await shared.settle()
    assert [asked[2] for asked in redis.asked] == ["", "7", "8", "*"]


async def test_failures_during_a_slow_answer_are_told_together_afterwards_and_count_meanwhile(
    redis: PlayedRedis,
) -> None:
    breaker = Breaker("test", replace(RULE, failures_to_open=9), monotonic=Time())
    breaker.link = shared = SharedBreaker(breaker, redis.ask, lambda: True, author="here")
    redis.pace, redis.says = asyncio.Event(), told(7, failures=1)
    await fail(breaker)
    await until(lambda: len(redis.asked) == 1)
    await fail(breaker, 2)
    redis.says = told(7, failures=3)
    redis.pace.set()
    await until(lambda: len(redis.asked) == 2)
    assert breaker.status().failures == 3
    await shared.settle()
    assert redis.asked[1:] == [("count", "test", "7", "0", 2, 9, 30_000, KEEP)]
    assert breaker.status().failures == 3


async def test_the_first_success_forgets_the_failures_everywhere(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.says = told(7, failures=2)
    await _fail(shared, breaker)
    redis.says = told(7, failures=0)
    await breaker.call(answer)
    await shared.settle()
    assert redis.asked[1:] == [("count", "test", "7", "1", 0, 3, 30_000, KEEP)]
    assert breaker.status().failures == 0


async def test_failures_from_before_a_success_are_not_told_after_it(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.is_lost = True
    await _fail(shared, breaker, 2)
    await breaker.call(answer)
    await shared.settle()
    redis.is_lost = False
    await _fail(shared, breaker)
    assert redis.asked == [("count", "test", "", "1", 1, 3, 30_000, KEEP)]


async def test_what_found_redis_lost_is_told_when_something_happens_and_it_is_back(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.is_lost = True
    await _fail(shared, breaker)
    redis.is_lost = False
    await _fail(shared, breaker)
    assert redis.asked == [("count", "test", "", "0", 2, 3, 30_000, KEEP)]


async def test_opening_is_told_whole_and_the_failures_before_it_no_more(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.says = told(7)
    await _fail(shared, breaker, 3)
    await shared.settle()
    assert redis.asked == [("move", "test", "", "", "open", 30_000, 3, 0, 0, "3 failures in a row", KEEP)]


async def test_a_success_that_nobody_heard_of_is_not_told_after_a_change(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.is_lost = True
    await _fail(shared, breaker)
    await breaker.call(answer)
    breaker.force_open("maintenance", 60)
    await shared.settle()
    redis.is_lost, redis.says = False, told(7, state="open", until=60_000, reason="maintenance")
    breaker.force_open("maintenance", 60)
    await shared.settle()
    assert redis.asked == [("move", "test", "*", "", "open", 60_000, 0, 0, 0, "maintenance", KEEP)]


async def test_a_change_that_is_accepted_is_not_told_again_and_its_version_is_known(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.says = told(7)
    breaker.reset()
    await shared.settle()
    await _fail(shared, breaker)
    assert [asked[:3] for asked in redis.asked] == [("move", "test", "*"), ("count", "test", "7")]


async def test_a_change_that_is_refused_is_given_up_for_what_redis_says(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.agrees, redis.says = False, told(7, failures=1)
    await _fail(shared, breaker, 3)
    assert (breaker.state, breaker.status().failures) == (BreakerState.CLOSED, 1)
    assert len(redis.asked) == 1


async def test_a_change_during_a_slow_answer_is_told_after_it(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.pace, redis.says = asyncio.Event(), told(7)
    breaker.force_open("first", 60)
    await until(lambda: len(redis.asked) == 1)
    breaker.force_open("second", 90)
    redis.pace.set()
    await shared.settle()
    assert [asked[5:] for asked in redis.asked] == [(60_000, 0, 0, 0, "first", KEEP), (90_000, 0, 0, 0, "second", KEEP)]
    assert breaker.status().reason == "second"


async def test_what_an_operator_did_overrules_the_others_even_if_told_late(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.is_lost = True
    breaker.reset()
    await _fail(shared, breaker, 3)
    redis.is_lost, redis.says = False, told(7, state="open", until=30_000)
    shared.changed()
    await shared.settle()
    shared.changed()
    await shared.settle()
    assert [asked[2] for asked in redis.asked] == ["*", "7"]


async def test_offline_nothing_is_even_tried(breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis) -> None:
    redis.is_online = False
    await _fail(shared, breaker, 3)
    await shared.settle()
    assert (redis.asked, redis.in_vain) == ([], 0)


async def test_everything_that_waits_is_told_one_after_the_other(shared: SharedBreaker, redis: PlayedRedis) -> None:
    redis.pace = asyncio.Event()
    for probe in ("first", "second", "third"):
        shared.release(probe)
    await until(lambda: len(redis.asked) == 1)
    redis.pace.set()
    await shared.settle()
    assert {asked[3] for asked in redis.asked} == {"first", "second", "third"}
