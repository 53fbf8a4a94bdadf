"""An outage of the database, remembered in Redis, or in this process."""

from contextlib import suppress
from datetime import datetime

from redis.asyncio import Redis
from redis.exceptions import RedisError

from application.ports.outage_record import OutageRecord

KEEP_SECONDS = 7 * 24 * 3600
REDIS_AWAY = (RedisError, OSError, TimeoutError)


class InMemoryOutageRecord(OutageRecord):
    def __init__(self) -> None:
        self._since: datetime | None = None
        self._reminders = 0

    async def begin(self, since: datetime) -> bool:
        is_first = self._since is None
        self._since = self._since or since
        return is_first

    async def remind(self, number: int) -> bool:
        if self._since is None or number <= self._reminders:
            return False
        self._reminders = number
        return True

    async def present(self) -> datetime | None:
        return self._since

    async def end(self) -> datetime | None:
        since, self._since, self._reminders = self._since, None, 0
        return since

    async def recovered(self) -> None:
        await self.end()


class RedisOutageRecord(OutageRecord):
    """While Redis is away as well each process remembers for itself. What it has heard from Redis it remembers, too:
    Redis may be away the next time."""

    def __init__(self, redis: Redis, *, key: str = "alerts:database_away") -> None:
        self.redis = redis
        self._key = key
        self._own = InMemoryOutageRecord()
        # Told by this process while Redis was away: nobody else knows.
        self._is_untold = False

    async def begin(self, since: datetime) -> bool:
        is_first_here = await self._own.begin(since)
        if not is_first_here:
            return False
        try:
            return bool(await self.redis.set(self._key, since.isoformat(), nx=True, ex=KEEP_SECONDS))
        except REDIS_AWAY:
            self._is_untold = True
            return True

    async def remind(self, number: int) -> bool:
        if not await self._own.remind(number):
            return False
        try:
            since = _instant(await self.redis.get(self._key))
            if since is None:
                return self._is_untold
            key = f"{self._key}:{since.isoformat()}:{number}"
            return bool(await self.redis.set(key, "1", nx=True, ex=KEEP_SECONDS))
        except REDIS_AWAY:
            return True

    async def present(self) -> datetime | None:
        untold = await self._own.present() if self._is_untold else None
        with suppress(*REDIS_AWAY):
            return _instant(await self.redis.get(self._key)) or untold
        return untold

    async def end(self) -> datetime | None:
        untold = await self._forget()
        with suppress(*REDIS_AWAY):
            return _instant(await self.redis.getdel(self._key)) or untold
        return untold

    async def recovered(self) -> None:
        untold = await self._forget()
        if untold is not None:
            with suppress(*REDIS_AWAY):
                await self.redis.set(self._key, untold.isoformat(), nx=True, ex=KEEP_SECONDS)

    async def _forget(self) -> datetime | None:
        """Since when, if nobody else knows that it was told."""
        own, is_untold = await self._own.end(), self._is_untold
        self._is_untold = False
        return own if is_untold else None


def _instant(kept: object) -> datetime | None:
    return datetime.fromisoformat(str(kept, "ascii")) if isinstance(kept, bytes) else None
