"""What a closed breaker adds to a call, its state shared over Redis and every call measured.

Guarded and unguarded no-op calls in turns, so that both see the same machine; the difference of the medians and of the
best rounds is what the breaker, its time-out and its counting cost. Starts a Redis (or uses REDIS_URL).

Usage: `python -m benchmarks.breaker_overhead [rounds, default 30]`.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker, BreakerRegistry
from infrastructure.resilience.shared_breaker_state import SharedBreakerState, create_breaker_redis
from tests.support.polling import until
from tests.support.servers import RedisProcess, redis_binary

ROUNDS = 30
CALLS_A_ROUND = 5_000
MOST_MICROSECONDS = 30.0


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    if url := os.environ.get("REDIS_URL"):
        asyncio.run(_measure(url, rounds))
        return
    server = RedisProcess(redis_binary())
    try:
        asyncio.run(_measure(server.start(), rounds))
    finally:
        server.stop()


async def _measure(url: str, rounds: int) -> None:
    breaker, redis = Breaker("payments", BREAKER_RULES["payments"]), create_breaker_redis(url)
    shared = SharedBreakerState(redis, [breaker], prefix="benchmark:")
    registry = BreakerRegistry([breaker], shared)
    registry.observe(InMemoryMetrics())
    await registry.start()
    await until(lambda: shared.is_in_step)
    plain, guarded = [], []
    for _ in range(rounds):
        plain.append(await _microseconds(_nothing))
        guarded.append(await _microseconds(lambda: breaker.call(_nothing)))
    await registry.stop()
    await redis.aclose()
    added = statistics.median(guarded) - statistics.median(plain)
    print(f"unguarded call     {statistics.median(plain):7.2f} µs (best {min(plain):.2f})")
    print(f"guarded call       {statistics.median(guarded):7.2f} µs (best {min(guarded):.2f})")
    print(f"added by breaker   {added:7.2f} µs (best {min(guarded) - min(plain):.2f}), at most {MOST_MICROSECONDS:.0f}")


async def _microseconds(call: Callable[[], Awaitable[None]]) -> float:
    start = time.perf_counter()
    for _ in range(CALLS_A_ROUND):
        await call()
    return (time.perf_counter() - start) / CALLS_A_ROUND * 1e6


async def _nothing() -> None: ...


if __name__ == "__main__":
    main()
