"""What a hit costs at each level, beside a bare GET of Redis in the same run.

Starts a Redis and a PostgreSQL of its own; a value of 8 kB under two tags. Each figure is the best of several rounds.

Usage: `python -m benchmarks.cache_levels`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import uvloop

from infrastructure.cache.memory_level import MemoryLevel
from infrastructure.persistence.database import database_url
from infrastructure.persistence.migrations import migrate
from infrastructure.redis.redis_client import create_quick_redis
from tests.support.cache_processes import CacheProcess, product_cache_process
from tests.support.databases import create_database
from tests.support.servers import PostgresProcess, RedisProcess, postgres_binaries, redis_binary

KEY, TAGS, VALUE = "search:gent", ("search", "place:gent"), b"x" * 8000
ROUNDS, CALLS, AT_ONCE = 7, 600, 32


async def load() -> bytes:
    return VALUE


async def _alone(ask: Callable[[], Awaitable[object]], calls: int = CALLS) -> float:
    """Microseconds a call, one after the other."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(calls):
            await ask()
        best = min(best, (time.perf_counter() - began) / calls)
    return best * 1e6


async def _together(ask: Callable[[], Awaitable[object]]) -> float:
    """Microseconds a call, 32 at once."""

    async def one() -> None:
        for _ in range(CALLS // 8):
            await ask()

    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(AT_ONCE)))
        best = min(best, (time.perf_counter() - began) / (AT_ONCE * (CALLS // 8)))
    return best * 1e6


def _peek(process: CacheProcess) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(10_000):
            process.cache.peek(KEY)
        best = min(best, (time.perf_counter() - began) / 10_000)
    return best * 1e6


async def measure(postgres: str, redis: str) -> None:
    bare = create_quick_redis(redis)
    await bare.set("bare", VALUE)
    get_alone, get_together = await _alone(lambda: bare.get("bare")), await _together(lambda: bare.get("bare"))
    figures = [("a bare GET", get_alone, get_together)]
    async with product_cache_process(postgres, redis, prefix="levels:") as process:

        def ask(*, fresh: bool = False) -> Awaitable[object]:
            return process.cache.get_or_load(KEY, load, ttl_seconds=600, tags=TAGS, fresh=fresh)

        await ask()
        figures.append(("peek", _peek(process), 0.0))
        figures.append(("hit in the process", await _alone(ask, 5_000), await _together(ask)))
        figures.append(
            ("fresh, at hand", await _alone(lambda: ask(fresh=True)), await _together(lambda: ask(fresh=True)))
        )
    nothing = MemoryLevel(max_entries=0)
    async with product_cache_process(postgres, redis, prefix="levels:", memory=nothing) as process:

        def look() -> Awaitable[object]:
            return process.cache.get_or_load(KEY, load, ttl_seconds=600, tags=TAGS, fresh=True)

        figures.append(("hit in Redis", await _alone(look), await _together(look)))
    async with product_cache_process(postgres) as process:

        def journal() -> Awaitable[object]:
            return process.cache.get_or_load(KEY, load, ttl_seconds=600, tags=TAGS, fresh=True)

        await journal()
        figures.append(("fresh without Redis", await _alone(journal, 100), await _together(journal)))
    await bare.aclose()
    print(f"{'µs a call':<22}{'alone':>10}{'of a GET':>10}{'32 at once':>12}{'of a GET':>10}")
    for title, alone, together in figures:
        shared = f"{together:12.1f}{together / get_together:10.2f}" if together else ""
        print(f"{title:<22}{alone:10.1f}{alone / get_alone:10.3f}{shared}")


def main() -> None:
    with ExitStack() as servers:
        postgres, redis = PostgresProcess(postgres_binaries()), RedisProcess(redis_binary())
        servers.callback(postgres.stop)
        servers.callback(redis.stop)
        url = create_database(postgres.start(), "levels")
        asyncio.run(migrate(database_url(url, Path())))
        uvloop.run(measure(url, redis.start()))


if __name__ == "__main__":
    main()
