"""One breaker that was without Redis and finds it again: the younger of the two positions holds."""

import pytest

from application.ports.circuit_breakers import BreakerState
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.shared_breaker import SharedBreaker
from tests.support.breaker_world import RULE, Time, answer, fail
from tests.support.played_redis import UNKNOWN, PlayedRedis, told

MOVE_OPEN = ("open", 30_000, 3, 0, 0, "3 failures in a row", 600_000)


@pytest.fixture
def redis() -> PlayedRedis:
    return PlayedRedis(is_online=False)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    return Breaker("test", RULE, monotonic=time, jitter=lambda low, _high: low)


@pytest.fixture
def shared(breaker: Breaker, redis: PlayedRedis) -> SharedBreaker:
    breaker.link = SharedBreaker(breaker, redis.ask, lambda: redis.is_online, author="here")
    return breaker.link


async def test_while_it_is_still_away_nothing_is_given_up(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    await fail(breaker)
    await shared.sync()
    redis.is_online, redis.finds = True, UNKNOWN
    await shared.sync()
    assert [asked[:5] for asked in redis.asked] == [("read", "test", ""), ("count", "test", "", "0", 1)]


async def test_a_redis_without_memory_is_told_of_one_that_is_not_closed(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.is_online, redis.finds = True, UNKNOWN
    shared.learn(told(5, state="open", until=20_000, failures=3, reopened=2, reason="down"))
    await shared.sync()
    assert redis.asked == [
        ("read", "test", "5"),
        ("move", "test", "", "", "open", 20_000, 3, 0, 2, "down", 600_000),
    ]


async def test_a_redis_without_memory_is_told_nothing_of_one_that_is_closed(
    shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.is_online, redis.finds = True, UNKNOWN
    shared.learn(told(5))
    await shared.sync()
    assert redis.asked == [("read", "test", "5")]


async def test_what_an_operator_did_meanwhile_overrules_a_redis_without_memory_too(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    breaker.force_open("maintenance", 60)
    redis.is_online, redis.finds = True, UNKNOWN
    await shared.sync()
    assert redis.asked[1] == ("move", "test", "*", "", "open", 60_000, 0, 0, 0, "maintenance", 600_000)


async def test_the_own_change_holds_when_it_is_younger(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis, time: Time
) -> None:
    await fail(breaker, 3)
    redis.is_online, redis.finds = True, told(7, since=1000, now=4001)
    time.seconds += 3
    await shared.sync()
    assert breaker.state is BreakerState.OPEN
    assert redis.asked == [("read", "test", ""), ("move", "test", "*", "", "open", 27_000, *MOVE_OPEN[2:])]


@pytest.mark.parametrize("now", [4000, 3999])
async def test_what_redis_knows_holds_when_it_is_as_young_or_younger(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis, time: Time, now: int
) -> None:
    await fail(breaker, 3)
    redis.is_online, redis.finds = True, told(7, since=1000, now=now, failures=1)
    time.seconds += 3
    await shared.sync()
    assert (breaker.state, breaker.status().failures) == (BreakerState.CLOSED, 1)
    assert redis.asked == [("read", "test", "")]


async def test_without_a_change_of_its_own_it_adopts_what_redis_knows_and_tells_its_failures(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    shared.learn(told(17))
    await fail(breaker)
    redis.is_online, redis.finds, redis.says = True, told(17, failures=1), told(17, failures=2)
    await shared.sync()
    assert [asked[:5] for asked in redis.asked] == [("read", "test", "17"), ("count", "test", "17", "0", 1)]
    assert breaker.status().failures == 2


async def test_a_success_meanwhile_is_told(breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis) -> None:
    shared.learn(told(7, failures=2))
    await breaker.call(answer)
    redis.is_online, redis.finds = True, told(7, failures=2)
    await shared.sync()
    assert [asked[:5] for asked in redis.asked] == [("read", "test", "7"), ("count", "test", "7", "1", 0)]
    assert breaker.status().failures == 0


@pytest.mark.parametrize(("known", "found"), [(10, 9), (9, 10)])
async def test_a_redis_that_went_back_in_time_is_believed_like_one_that_went_on(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis, known: int, found: int
) -> None:
    shared.learn(told(known))
    redis.is_online, redis.finds = True, told(found, state="open", until=20_000, reason="down")
    await shared.sync()
    assert breaker.status().reason == "down"
    shared.changed()
    await shared.settle()
    assert redis.asked[-1][:3] == ("move", "test", str(found))


async def test_probes_that_were_to_be_released_are_long_over(shared: SharedBreaker, redis: PlayedRedis) -> None:
    redis.is_online, redis.is_lost = True, True
    shared.release("first")
    shared.release("second")
    await shared.settle()
    redis.is_lost = False
    await shared.sync()
    assert [asked[0] for asked in redis.asked] == ["read"]
