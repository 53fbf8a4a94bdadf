"""What a health check says of a Redis that is away, hangs, or is back."""

import asyncio
from contextlib import aclosing

import pytest

from infrastructure.health.probes import PartUnavailable, RedisProbe
from infrastructure.redis.redis_client import create_quick_redis
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker
from tests.support.polling import until_awaited
from tests.support.servers import RedisProcess

GENEROUS_SECONDS = 30


@pytest.mark.parametrize("fault", ["away", "frozen"])
async def test_it_is_told_soon_and_then_without_asking(redis_process: RedisProcess, fault: str) -> None:
    breaker = Breaker("cache", BREAKER_RULES["cache"])
    async with aclosing(create_quick_redis(redis_process.url)) as client:
        probe = RedisProbe(client, breaker)
        await until_awaited(lambda: _is_well(probe))
        redis_process.stop() if fault == "away" else redis_process.pause()
        async with asyncio.timeout(GENEROUS_SECONDS):
            for _ in range(100):
                with pytest.raises(PartUnavailable):
                    await probe.check()
        asked = breaker.status().calls
        assert asked < 100
        redis_process.start() if fault == "away" else redis_process.resume()
        await until_awaited(lambda: _is_well(probe))


async def _is_well(probe: RedisProbe) -> bool:
    try:
        await probe.check()
    except PartUnavailable:
        return False
    return True
