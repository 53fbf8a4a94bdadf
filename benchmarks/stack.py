"""The product over PostgreSQL and Redis, as measurements need it: of their own, and gone afterwards."""

import asyncio
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.market import fill
from infrastructure.persistence.database import database_url
from infrastructure.persistence.migrations import migrate
from tests.support.databases import create_database
from tests.support.product import Product, running
from tests.support.servers import PostgresProcess, RedisProcess, postgres_binaries, redis_binary


@contextmanager
def redis_server() -> Iterator[RedisProcess]:
    server = RedisProcess(redis_binary())
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def product_over(
    redis_url: str, *, environment: dict[str, str] | None = None, caregivers: int = 0, **shape: Any
) -> Iterator[Product]:
    """Two API processes and a worker, started with an admin, over a new PostgreSQL that has a market of so many."""
    postgres = PostgresProcess(postgres_binaries())
    try:
        url = create_database(postgres.start(), "benchmark")
        asyncio.run(migrate(database_url(url, Path())))
        if caregivers:
            fill(url, caregivers)
        settings = {"DATABASE_URL": url, "REDIS_URL": redis_url, "LOG_LEVEL": "WARNING"} | (environment or {})
        with tempfile.TemporaryDirectory(prefix="tailtribe-bench-") as folder:
            yield from running(Product(Path(folder), settings, api_processes=2, with_worker=True, **shape))
    finally:
        postgres.stop()


def p95_milliseconds(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100)[94] * 1000
