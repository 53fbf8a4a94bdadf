"""Cheap questions to the parts of the system."""

from redis.asyncio import Redis
from redis.exceptions import RedisError

from application.ports.circuit_breakers import BreakerState
from application.ports.health_probe import HealthProbe
from domain.shared.errors import Unavailable
from infrastructure.persistence.database import Database
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.optional_dependency import OptionalDependency


class PartUnavailable(Unavailable):
    title = "A part of the system is away"


class DatabaseProbe(HealthProbe):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def check(self) -> None:
        await self._database.ping()


class RedisProbe(HealthProbe):
    """Asks through the breaker of the cache: while Redis is left alone for being away or slow, that is the answer."""

    def __init__(self, redis: Redis, breaker: Breaker) -> None:
        self._redis = redis
        self._dependency = OptionalDependency(breaker, errors=(RedisError, OSError))

    async def check(self) -> None:
        if not await self._dependency.ask(self._redis.ping):
            raise PartUnavailable


class BreakerProbe(HealthProbe):
    """A provider is not called for the sake of a health check: what its breaker knows is the answer."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker

    async def check(self) -> None:
        if self._breaker.status().state is BreakerState.OPEN:
            raise PartUnavailable


class AlwaysThere(HealthProbe):
    """A part that lives in this process: whoever can ask has it."""

    async def check(self) -> None:
        return
