"""Claiming the one probe over all processes, and giving it back."""

import pytest

from application.ports.circuit_breakers import CircuitOpen
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.shared_breaker import SharedBreaker
from tests.support.breaker_world import RULE, Time, answer
from tests.support.played_redis import PlayedRedis, told

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


async def test_a_probe_is_claimed_in_milliseconds_after_all_else_was_told(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.says = told(7, state="open", until=0, reason="maintenance")
    breaker.force_open("maintenance", 0)
    redis.says = told(8, state="half_open", busy=4500, reason="maintenance")
    assert await breaker.call(answer, timeout_seconds=2.5) == "answer"
    await shared.settle()
    (move, claim, outcome) = redis.asked
    assert (move[0], claim[0], outcome[0]) == ("move", "claim", "move")
    assert claim[4:] == (4500, KEEP)
    assert claim[3] == outcome[3] != ""
    assert outcome[4:] == ("half_open", 0, 0, 1, 0, "maintenance", KEEP)


async def test_a_claim_that_is_refused_teaches_how_things_are(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    breaker.force_open("maintenance", 0)
    await shared.settle()
    redis.agrees, redis.says = False, told(8, state="half_open", busy=9000, successes=1, reason="maintenance")
    with pytest.raises(CircuitOpen) as refusal:
        await breaker.call(answer)
    assert refusal.value.retry_after == 9
    assert breaker.position().successes == 1


async def test_without_redis_the_probe_is_made(breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis) -> None:
    redis.is_lost = True
    breaker.force_open("maintenance", 0)
    assert await breaker.call(answer) == "answer"


async def test_a_probe_without_an_outcome_is_released(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.says = told(7)
    shared.release("first")
    shared.failed(30)
    await shared.settle()
    assert [asked[0] for asked in redis.asked] == ["count", "release"]
    assert redis.asked[1] == ("release", "test", "7", "first")


async def test_a_probe_released_while_redis_is_away_is_forgotten(
    breaker: Breaker, shared: SharedBreaker, redis: PlayedRedis
) -> None:
    redis.is_online = False
    shared.release("offline")
    redis.is_online, redis.is_lost = True, True
    shared.release("lost")
    await shared.settle()
    redis.is_lost = False
    shared.release("back")
    await shared.settle()
    assert [asked[3] for asked in redis.asked] == ["back"]
