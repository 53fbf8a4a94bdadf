"""The state of breakers, shared by all processes through Redis.

Changes and failures are pushed and published, and each process mirrors what it hears: nobody polls. While nothing goes
wrong Redis gets one PING in half a minute from each process. While Redis is away every breaker follows its own rule.
"""

import asyncio
import random
from collections.abc import Iterable
from contextlib import aclosing, suppress
from typing import Any
from uuid import uuid4

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from infrastructure.redis.redis_client import CONNECTION_FAILED, create_redis
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.breaker_registry import SharedState
from infrastructure.resilience.breaker_scripts import CLAIM, COUNT, MOVE, READ, RELEASE
from infrastructure.resilience.shared_breaker import SharedBreaker, Told

QUIET_SECONDS = 30.0
ANSWER_SECONDS = 5.0
SHORTEST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


def create_breaker_redis(url: str, token: str | None = None) -> Redis:
    """No second tries: a connection that reconnects by itself would hide that messages were missed."""
    return create_redis(url, token, retries=0, max_connections=4)


class SharedBreakerState(SharedState):
    """Keeps `breakers` in step with their namesakes wherever the same `prefix` is used.

    `redis` comes from `create_breaker_redis`.
    """

    def __init__(self, redis: Redis, breakers: Iterable[Breaker], *, prefix: str = "breaker:") -> None:
        self._redis = redis
        self._prefix = prefix
        # Messages are published to every database of a server.
        database = redis.connection_pool.connection_kwargs.get("db", 0)
        self._channel = f"{prefix}changes:{database}"
        self._author = uuid4().hex
        self._scripts = {script: redis.register_script(script) for script in (MOVE, COUNT, CLAIM, RELEASE, READ)}
        self._online = self._was_in_step = False
        self._running: asyncio.Task[None] | None = None
        self._session: asyncio.Task[None] | None = None
        self._links: dict[str, SharedBreaker] = {}
        for breaker in breakers:
            link = SharedBreaker(breaker, self._ask, lambda: self._online, author=self._author)
            breaker.link = self._links[breaker.name] = link

    @property
    def is_in_step(self) -> bool:
        """Whether everything is known and changes are heard and told at present."""
        return self._online and self._was_in_step

    async def start(self) -> None:
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Lets pushes end; the client is the caller's to close."""
        for link in self._links.values():
            await link.settle()
        self._online = False
        for task in (self._running, self._session):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])

    async def _run(self) -> None:
        pause = SHORTEST_PAUSE_SECONDS
        while True:
            self._was_in_step = False
            self._session = asyncio.create_task(self._listen())
            await asyncio.wait([self._session])
            self._online = False
            if not self._session.cancelled() and (error := self._session.exception()):
                structlog.get_logger().error("breakers.sharing_failed", exc_info=error)
            pause = SHORTEST_PAUSE_SECONDS if self._was_in_step else min(LONGEST_PAUSE_SECONDS, 2 * pause)
            if self._was_in_step:
                structlog.get_logger().warning("breakers.redis_lost", message=CONNECTION_FAILED)
            await asyncio.sleep(pause * random.uniform(0.5, 1))

    async def _listen(self) -> None:
        """Hears until Redis is gone."""
        with suppress(RedisError, OSError, TimeoutError):
            async with aclosing(self._redis.pubsub()) as pubsub:
                await pubsub.subscribe(self._channel)
                await _next(pubsub, ANSWER_SECONDS)
                self._online = True
                for link in self._links.values():
                    await link.sync()
                self._was_in_step = True
                structlog.get_logger().info("breakers.in_step")
                while True:
                    await self._hear(pubsub)

    async def _hear(self, pubsub: PubSub) -> None:
        message: dict[str, Any] | None = await pubsub.get_message(timeout=QUIET_SECONDS)
        if message is None:
            await pubsub.ping()
            message = await _next(pubsub, ANSWER_SECONDS)
        if message["type"] != "message":
            return
        told = msgspec.json.decode(message["data"], type=dict[str, str])
        if told["author"] != self._author and told["name"] in self._links:
            self._links[told["name"]].learn(told)

    async def _ask(self, script: str, name: str, known: str, *arguments: str | int) -> tuple[bool, Told] | None:
        """Redis' answer, None while it is away."""
        if not self._online:
            return None
        keys = [f"{self._prefix}{{{name}}}", f"{self._prefix}{{{name}}}:probe"]
        try:
            done, told = await self._scripts[script](keys, [self._channel, name, self._author, known, *arguments])
        except (RedisError, OSError, TimeoutError):
            self._lost()
            return None
        return done == b"1", msgspec.json.decode(told, type=dict[str, str])

    def _lost(self) -> None:
        """Begins again with a new connection: what was published meanwhile may have been missed."""
        self._online = False
        if self._session is not None:
            self._session.cancel()


async def _next(pubsub: PubSub, seconds: float) -> dict[str, Any]:
    message: dict[str, Any] | None = await pubsub.get_message(timeout=seconds)
    if message is None:
        raise RedisConnectionError("Redis does not answer")
    return message
