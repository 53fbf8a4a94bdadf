"""What one breaker makes of what its namesakes tell it through Redis."""

import asyncio
from collections.abc import Mapping

import pytest

from application.ports.circuit_breakers import BreakerState, BreakerTransition
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.breaker_link import BreakerPosition
from infrastructure.resilience.shared_breaker import SharedBreaker
from tests.support.breaker_world import RULE, Time, answer, fail
from tests.support.played_redis import UNKNOWN, PlayedRedis, told
from tests.support.polling import until


@pytest.fixture
def redis() -> PlayedRedis:
    return PlayedRedis()


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


OPEN = told(7, state="open", until=9500, since=2000, now=4000, failures=3, reopened=2, reason="down")
HALF_OPEN = told(7, state="half_open", busy=1500, until=3000, since=3500, now=4000, successes=1, reason="down")
CLOSED = told(7, until=9500, since=1000, now=4000, busy=1500, failures=2)


@pytest.mark.parametrize(
    ("says", "position"),
    [
        (OPEN, BreakerPosition(state=BreakerState.OPEN, failures=3, reopened=2, wait_seconds=5.5, reason="down")),
        (HALF_OPEN, BreakerPosition(state=BreakerState.HALF_OPEN, successes=1, wait_seconds=1.5, reason="down")),
        (CLOSED, BreakerPosition(state=BreakerState.CLOSED, failures=2)),
        ({**OPEN, "now": "9600"}, BreakerPosition(state=BreakerState.OPEN, failures=3, reopened=2, reason="down")),
    ],
    ids=["open", "half open", "closed", "open for long enough"],
)
def test_a_position_is_adopted_as_it_is_told(
    breaker: Breaker, shared: SharedBreaker, says: Mapping[str, str], position: BreakerPosition
) -> None:
    shared.learn(says)
    adopted = breaker.position()
    assert (adopted.state, adopted.failures, adopted.successes) == (
        position.state,
        position.failures,
        position.successes,
    )
    assert (adopted.reopened, adopted.wait_seconds, adopted.reason) == (
        position.reopened,
        position.wait_seconds,
        position.reason,
    )


@pytest.mark.parametrize(("since", "age"), [(2000, 2), (4000, 0), (9000, 0)])
def test_its_age_is_told_by_the_clock_of_redis(breaker: Breaker, shared: SharedBreaker, since: int, age: float) -> None:
    shared.learn({**OPEN, "since": str(since)})
    assert breaker.position().age_seconds == age


def test_a_breaker_that_redis_does_not_know_teaches_nothing(breaker: Breaker, shared: SharedBreaker) -> None:
    shared.learn(OPEN)
    shared.learn(UNKNOWN)
    assert breaker.state is BreakerState.OPEN


def test_what_is_older_teaches_nothing_and_age_is_a_number(breaker: Breaker, shared: SharedBreaker) -> None:
    shared.learn(told(10, state="open", reason="down"))
    shared.learn(told(9))
    assert breaker.state is BreakerState.OPEN
    shared.learn(told(11))
    assert breaker.state is BreakerState.CLOSED


async def test_failures_that_were_not_told_yet_come_on_top_of_those_of_the_same_version(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    shared.learn(told(7))
    redis.is_lost = True
    await fail(breaker)
    shared.learn(told(7, failures=1))
    assert breaker.status().failures == 2


async def test_a_newer_position_puts_an_end_to_what_was_not_told_yet(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.is_lost = True
    await fail(breaker, 2)
    shared.learn(told(8))
    assert breaker.status().failures == 0
    await fail(breaker)
    await breaker.call(answer)
    shared.learn(told(9, failures=2))
    assert breaker.status().failures == 2
    await fail(breaker)
    assert breaker.state is BreakerState.OPEN
    shared.learn(told(10))
    assert breaker.state is BreakerState.CLOSED
    redis.is_lost = False
    await fail(breaker)
    await shared.settle()
    assert [asked[:5] for asked in redis.asked] == [("count", "test", "10", "0", 1)]


async def test_a_change_that_was_not_told_yet_is_newer_than_the_version_it_began_from(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    shared.learn(told(7))
    redis.is_lost = True
    await fail(breaker, 3)
    shared.learn(told(7))
    assert breaker.state is BreakerState.OPEN


async def test_what_an_operator_did_and_was_not_told_yet_is_newer_than_everything(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.is_lost = True
    breaker.force_open("maintenance", 60)
    shared.learn(told(99))
    assert breaker.status().reason == "maintenance"


@pytest.mark.parametrize("first_ever", [True, False])
async def test_it_stays_open_if_it_opens_while_its_first_failure_is_told(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis, first_ever: bool
) -> None:
    if not first_ever:
        shared.learn(told(5))
    redis.pace, redis.says = asyncio.Event(), told(7, failures=1)
    await fail(breaker)
    await until(lambda: len(redis.asked) == 1)
    await fail(breaker, 2)
    assert breaker.state is BreakerState.OPEN
    redis.pace.set()
    await shared.settle()
    assert breaker.state is BreakerState.OPEN
    assert redis.asked[1][:5] == ("move", "test", "7", "", "open")


async def test_failures_that_could_not_be_counted_are_replaced_by_what_redis_says(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.agrees, redis.says = False, told(7, state="open", until=60_000, reason="maintenance")
    await fail(breaker)
    await shared.settle()
    assert breaker.status().reason == "maintenance"
    assert len(redis.asked) == 1


async def test_a_success_during_a_slow_answer_ends_the_row_at_once(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.pace, redis.says = asyncio.Event(), told(7, failures=2)
    await fail(breaker, 2)
    await until(lambda: len(redis.asked) == 1)
    await breaker.call(answer)
    pace, redis.pace = redis.pace, asyncio.Event()
    pace.set()
    await until(lambda: len(redis.asked) == 2)
    await fail(breaker)
    assert (breaker.state, breaker.status().failures) == (BreakerState.CLOSED, 1)
    redis.pace.set()
    await shared.settle()


@pytest.mark.parametrize("failures", [1, 3])
async def test_an_answer_that_comes_late_takes_nothing_back_that_was_heard_since(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis, failures: int
) -> None:
    redis.pace, redis.says = asyncio.Event(), told(9, failures=1)
    await fail(breaker, failures)
    await until(lambda: len(redis.asked) == 1)
    shared.learn(told(10, state="open", until=60_000, reason="of others"))
    redis.pace.set()
    await shared.settle()
    assert breaker.status().reason == "of others"
    redis.asked.clear()
    shared.changed()
    await shared.settle()
    assert redis.asked[0][2] == "10"


async def test_who_made_a_change_is_told_apart_from_who_heard_of_it(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.is_online = False
    heard = list[BreakerTransition]()
    breaker.on_change(heard.append)
    shared.learn({**OPEN, "by": "somebody else"})
    shared.learn({**told(8), "by": "here"})
    shared.learn(told(9, state="open"))
    breaker.reset()
    assert [(change.to_state, change.made_here) for change in heard] == [
        (BreakerState.OPEN, False),
        (BreakerState.CLOSED, True),
        (BreakerState.OPEN, False),
        (BreakerState.CLOSED, True),
    ]


def test_a_position_adopted_from_nowhere_in_particular_was_made_elsewhere(breaker: Breaker) -> None:
    heard = list[BreakerTransition]()
    breaker.on_change(heard.append)
    breaker.adopt(BreakerPosition(state=BreakerState.OPEN, wait_seconds=5))
    assert [change.made_here for change in heard] == [False]


async def test_what_calls_of_this_process_lead_to_was_made_here(breaker: Breaker) -> None:
    heard = list[BreakerTransition]()
    breaker.on_change(heard.append)
    await fail(breaker, times=RULE.failures_to_open)
    assert [(change.to_state, change.made_here) for change in heard] == [(BreakerState.OPEN, True)]
