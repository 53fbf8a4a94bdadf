"""The cache of a process, with what tells it of the changes of others."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncConnection

from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.metrics import Metrics
from infrastructure.cache.memory_level import MemoryLevel
from infrastructure.cache.redis_level import RedisLevel
from infrastructure.cache.redis_subscription import RedisSubscription
from infrastructure.cache.sql_invalidation_journal import SqlInvalidationJournal
from infrastructure.cache.tiered_cache import TieredCache
from infrastructure.persistence.database import Database
from infrastructure.persistence.sql_unit_of_work import AfterCommit, Record
from infrastructure.resilience.breaker import Breaker
from interfaces.bootstrap.background_work import BackgroundWork


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheParts:
    """The cache, what writes down with a change what it makes untrue, and what runs beside them."""

    cache: TieredCache
    record: Record
    work: tuple[BackgroundWork, ...]


def build_cache(
    metrics: Metrics,
    *,
    database: Database,
    redis: tuple[Redis, Redis] | None,
    breaker: Breaker,
    clock: Clock,
    ids: Ids,
    memory: MemoryLevel | None = None,
    prefix: str = "cache:",
) -> CacheParts:
    """`redis` is a quick client, and one to hear with that makes no second tries."""
    memory = memory or MemoryLevel()
    level = None if redis is None else RedisLevel(redis[0], breaker, prefix=prefix)
    journal = SqlInvalidationJournal(database, clock=clock, ids=ids)
    cache = TieredCache(metrics, memory, redis=level, journal=journal, announced=not database.is_sqlite)
    heard = cache.invalidations

    async def record(connection: AsyncConnection, tags: Collection[str]) -> AfterCommit:
        return partial(heard.carry_out, await journal.record(connection, tags))

    if redis is None or level is None:
        return CacheParts(cache=cache, record=record, work=(heard.run,))
    subscription = RedisSubscription(redis[1], level.channel, hear=heard.hear_published, changed=heard.subscribed)
    return CacheParts(cache=cache, record=record, work=(heard.run, subscription.run))
