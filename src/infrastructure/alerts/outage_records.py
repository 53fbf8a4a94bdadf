"""An outage of the database, remembered in Redis, or in this process."""

from datetime import datetime

from redis.asyncio import Redis
from redis.exceptions import RedisError

from application.ports.outage_record import OutageRecord

KEEP_SECONDS = 24 * 3600
REDIS_AWAY = (RedisError, OSError, TimeoutError)


class InMemoryOutageRecord(OutageRecord):
    def __init__(self) -> None:
        self._since: datetime | None = None

    async def begin(self, since: datetime) -> bool:
        is_first = self._since is None
        self._since = self._since or since
        return is_first

    async def present(self) -> datetime | None:
        return self._since

    async def end(self) -> datetime | None:
        since, self._since = self._since, None
        return since


class RedisOutageRecord(OutageRecord):
    """While Redis is away as well each process remembers for itself."""

    def __init__(self, redis: Redis, *, key: str = "alerts:database_away") -> None:
        self._redis = redis
        self._key = key
        self._alone = InMemoryOutageRecord()

    async def begin(self, since: datetime) -> bool:
        try:
            return bool(await self._redis.set(self._key, since.isoformat(), nx=True, ex=KEEP_SECONDS))
        except REDIS_AWAY:
            return await self._alone.begin(since)

    async def present(self) -> datetime | None:
        try:
            kept = await self._redis.get(self._key)
        except REDIS_AWAY:
            kept = None
        return _instant(kept) or await self._alone.present()

    async def end(self) -> datetime | None:
        try:
            kept = await self._redis.getdel(self._key)
        except REDIS_AWAY:
            kept = None
        alone = await self._alone.end()
        return _instant(kept) or alone


def _instant(kept: object) -> datetime | None:
    return datetime.fromisoformat(str(kept, "ascii")) if isinstance(kept, bytes) else None
