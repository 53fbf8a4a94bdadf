"""Whether anybody sees what is older than promised: two processes read, write and invalidate at random while Redis is
killed, frozen, emptied, restarted and out of reach for one of them, listeners lose their connections and processes are
killed.

Starts a PostgreSQL and a Redis of its own. Ends with 1 when something was seen too late.

Usage: `python -m benchmarks.soak_cache [seconds] [seed]`: a third of the time with both, without Redis, and without
Redis behind a pooler.
"""

import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from infrastructure.persistence.database import database_url
from infrastructure.persistence.migrations import migrate
from tests.support.cache_truth import Storm
from tests.support.cache_witness import CREATE
from tests.support.databases import create_database, execute
from tests.support.faulty_proxy import FaultyProxy
from tests.support.pgbouncer import PgBouncerProcess, pgbouncer_binary
from tests.support.servers import PostgresProcess, RedisProcess, postgres_binaries, redis_binary

WAYS = ("Redis and PostgreSQL", "PostgreSQL", "PostgreSQL behind a pooler")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 300.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    print(f"{seconds:.0f} s, seed {seed}")
    with ExitStack() as servers:
        postgres, redis = PostgresProcess(postgres_binaries()), RedisProcess(redis_binary())
        servers.callback(postgres.stop)
        admin = postgres.start()
        servers.callback(redis.stop)
        redis.start()
        pooler = PgBouncerProcess(pgbouncer_binary(), admin)
        pooler.start()
        servers.callback(pooler.stop)
        found = sum(_soak(way, admin, redis, pooler, seconds / len(WAYS), seed) for way in WAYS)
    sys.exit(1 if found else 0)


def _soak(way: str, admin: str, redis: RedisProcess, pooler: PgBouncerProcess, seconds: float, seed: int) -> int:
    """The number of violations."""
    url = create_database(admin, f"soak_{WAYS.index(way)}")
    asyncio.run(migrate(database_url(url, Path())))
    for statement in CREATE:
        execute(url, statement)
    through = database_url(url, Path()).set(port=pooler.port, drivername="postgresql")
    is_pooled, has_redis = way.endswith("pooler"), way.startswith("Redis")
    with tempfile.TemporaryDirectory(prefix="tailtribe-soak-") as folder, FaultyProxy(redis.port) as proxy:
        storm = Storm(
            folder=Path(folder),
            database_url=url,
            witness_database_url=through.render_as_string(hide_password=False) if is_pooled else None,
            may_listen=not is_pooled,
            redis=redis if has_redis else None,
            redis_url=redis.url if has_redis else None,
            proxy=proxy if has_redis else None,
            seconds=seconds,
            seed=seed,
        )
        verdict = storm.run()
    print(f"{way}: " + ", ".join(f"{count} {kind}" for kind, count in sorted(verdict.counts.items())))
    print("    befell: " + ", ".join(f"{count} {fault}" for fault, count in sorted(storm.happened.items())))
    print(f"    latest plain read: {verdict.latest_seconds * 1000:.0f} ms; violations: {len(verdict.violations)}")
    for violation in verdict.violations[:20]:
        print(f"    {violation}")
    return len(verdict.violations)


if __name__ == "__main__":
    main()
