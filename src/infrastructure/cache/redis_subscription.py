"""Hears through Redis what other processes have invalidated."""

import asyncio
import random
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

# Hosted servers bill by command: one in ten seconds of silence. Whatever is heard shows as well that it is alive.
QUIET_SECONDS = 10.0
ANSWER_SECONDS = 1.0
SHORTEST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0

log = structlog.get_logger(__name__)


class RedisSubscription:
    """`redis` makes no second tries: a connection that reconnects by itself would hide that messages were missed.

    `changed` is told when it begins and when it ceases to hear.
    """

    def __init__(
        self, redis: Redis, channel: str, *, hear: Callable[[bytes], None], changed: Callable[[bool], None]
    ) -> None:
        self._redis = redis
        self._channel = channel
        self._hear = hear
        self._changed = changed

    async def run(self) -> None:
        """Works until cancelled."""
        pause = SHORTEST_PAUSE_SECONDS
        while True:
            began_to_hear = False
            try:
                with suppress(RedisError, OSError, TimeoutError):
                    async with aclosing(self._redis.pubsub()) as pubsub:
                        await pubsub.subscribe(self._channel)
                        await _next(pubsub, ANSWER_SECONDS)
                        began_to_hear = True
                        self._changed(True)
                        while True:
                            await self._hear_one(pubsub)
            finally:
                if began_to_hear:
                    self._changed(False)
            if began_to_hear:
                log.warning("cache.redis_lost")
            pause = SHORTEST_PAUSE_SECONDS if began_to_hear else min(LONGEST_PAUSE_SECONDS, 2 * pause)
            await asyncio.sleep(pause * random.uniform(0.5, 1))

    async def _hear_one(self, pubsub: PubSub) -> None:
        message: dict[str, Any] | None = await pubsub.get_message(timeout=QUIET_SECONDS)
        if message is None:
            await pubsub.ping()
            message = await _next(pubsub, ANSWER_SECONDS)
        if message["type"] == "message":
            self._hear(message["data"])


async def _next(pubsub: PubSub, seconds: float) -> dict[str, Any]:
    message: dict[str, Any] | None = await pubsub.get_message(timeout=seconds)
    if message is None:
        raise RedisConnectionError("Redis does not answer")
    return message
