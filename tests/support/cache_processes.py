"""What one process has of the cache, as it runs in the product; several of them in a test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy.engine import URL

from infrastructure.cache import redis_level
from infrastructure.cache.memory_level import MemoryLevel
from infrastructure.cache.redis_level import RedisLevel
from infrastructure.cache.redis_subscription import RedisSubscription
from infrastructure.cache.tiered_cache import TieredCache
from infrastructure.clock.system_clock import SystemClock
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.job_queue.postgres_wake_ups import PostgresWakeUps
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.sql_unit_of_work import SqlUnitOfWorkFactory
from infrastructure.redis.redis_client import create_quick_redis, create_redis
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker, BreakerRule
from interfaces.bootstrap.cache_parts import build_cache
from tests.support.databases import execute
from tests.support.polling import until
from tests.support.sqlite_database import copied_template

# A test's machine may be busy: nothing is slow, and time-outs are long.
PATIENT = BreakerRule(failures_to_open=2, open_seconds=0.2, timeout_seconds=5, successes_to_close=1)
PRODUCTS_OWN = BREAKER_RULES["cache"]


def be_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis is given time to take what is invalidated, too: a machine that stalls owes it nothing."""
    monkeypatch.setattr(redis_level, "ANSWER_SECONDS", PATIENT.timeout_seconds)


@dataclass
class CacheProcess:
    """`breaker` is the one before Redis."""

    cache: TieredCache
    breaker: Breaker
    database: Database | None = None
    unit_of_work: SqlUnitOfWorkFactory | None = None
    metrics: InMemoryMetrics = field(default_factory=InMemoryMetrics)


@asynccontextmanager
async def redis_cache_process(
    url: str,
    prefix: str,
    *,
    rule: BreakerRule = PATIENT,
    memory: MemoryLevel | None = None,
    metrics: InMemoryMetrics | None = None,
    client: Redis | None = None,
) -> AsyncIterator[CacheProcess]:
    """Over Redis alone, which it hears before it is given."""
    metrics = metrics or InMemoryMetrics()
    async with AsyncExitStack() as stack:
        client = client or await stack.enter_async_context(aclosing(create_redis(url, timeout_seconds=5, retries=0)))
        hearing = await stack.enter_async_context(aclosing(create_redis(url, timeout_seconds=5, retries=0)))
        breaker = Breaker("cache", rule)
        level = RedisLevel(client, breaker, prefix=prefix)
        cache = TieredCache(metrics, memory or MemoryLevel(), redis=level)
        heard = cache.invalidations
        subscription = RedisSubscription(hearing, level.channel, hear=heard.hear_published, changed=heard.subscribed)
        await stack.enter_async_context(_running(heard.run(), subscription.run()))
        await until(lambda: heard.is_told)
        stack.push_async_callback(cache.close)
        yield CacheProcess(cache, breaker, metrics=metrics)


@asynccontextmanager
async def product_cache_process(
    url: str,
    redis_url: str | None = None,
    *,
    direct_url: str | None = None,
    rule: BreakerRule = PRODUCTS_OWN,
    memory: MemoryLevel | None = None,
    metrics: InMemoryMetrics | None = None,
    prefix: str = "cache:",
    may_listen: bool = True,
    waits_for_redis: bool = True,
) -> AsyncIterator[CacheProcess]:
    """As `tailtribe serve` wires it over a database, with or without Redis."""
    metrics, clock, ids = metrics or InMemoryMetrics(), SystemClock(), Uuid7Ids()
    async with AsyncExitStack() as stack:
        address = database_url(url, Path())
        database = Database(address)
        stack.push_async_callback(database.dispose)
        redis = None
        if redis_url is not None:
            patient = partial(create_redis, timeout_seconds=5, retries=0)
            create = (patient, patient) if rule is PATIENT else (create_quick_redis, partial(create_redis, retries=0))
            quick, hearing = [await stack.enter_async_context(aclosing(each(redis_url))) for each in create]
            redis = quick, hearing
        breaker = Breaker("cache", rule)
        parts = build_cache(
            metrics,
            database=database,
            redis=redis,
            breaker=breaker,
            clock=clock,
            ids=ids,
            memory=memory,
            prefix=prefix,
        )
        heard = parts.cache.invalidations
        work = [work() for work in parts.work]
        if not database.is_sqlite:
            listening = database_url(direct_url or url, Path())
            work.append(PostgresWakeUps(listening, lambda: None, heard).run())
        await stack.enter_async_context(_running(*work))
        if not database.is_sqlite:
            await until(lambda: heard.is_told if may_listen else not heard.is_announced)
        if redis_url is not None and waits_for_redis:
            await until(lambda: heard.is_subscribed)
        unit_of_work = SqlUnitOfWorkFactory(
            database,
            clock=clock,
            ids=ids,
            invalidate=parts.cache.invalidate,
            record=parts.record,
            wake_relay=lambda: None,
        )
        stack.push_async_callback(parts.cache.close)
        yield CacheProcess(parts.cache, breaker, database, unit_of_work, metrics)


Opened = AbstractAsyncContextManager[CacheProcess]
# By name: what there is beside the process.
WORLDS = (
    "in memory",
    "redis",
    "tiered",
    "postgresql",
    "tiered, postgresql",
    "tiered, pooler",
    "pooler",
    "tiered, sqlite",
    "sqlite",
)


def world(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Opened]:
    """What makes processes of such a world; all of them share what is beside them."""
    be_patient(request.getfixturevalue("monkeypatch"))
    prefix = f"{uuid4()}:"
    redis: str | None = request.getfixturevalue("redis_server") if name.startswith(("redis", "tiered")) else None
    if redis is not None and name in ("redis", "tiered"):
        memory = {"memory": MemoryLevel(max_entries=0)} if name == "redis" else {}
        return partial(redis_cache_process, redis, prefix, **memory)
    if name.endswith("sqlite"):
        made = copied_template(tmp_path)
        return partial(product_cache_process, made, redis, rule=PATIENT, prefix=prefix)
    url: URL = request.getfixturevalue("migrated_postgres")
    # What tests before wrote down would be heard of, and be owed to Redis.
    execute(url.set(drivername="postgresql").render_as_string(hide_password=False), "DELETE FROM cache_invalidations")
    if name.endswith("pooler"):
        url = url.set(port=request.getfixturevalue("pgbouncer").port)
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    may_listen = not name.endswith("pooler")
    return partial(product_cache_process, address, redis, rule=PATIENT, prefix=prefix, may_listen=may_listen)


@asynccontextmanager
async def _running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) or end is None for end in ended), ended
