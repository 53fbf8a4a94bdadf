"""Wakes the relay when another process has committed work: LISTEN on a connection of its own, kept alive.

The notifications come from triggers on events and jobs: they cost a writer no round trip.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog
from sqlalchemy.engine import URL

from infrastructure.persistence.jobs.job_tables import WORK_CHANNEL
from infrastructure.persistence.pooler import is_behind_pooler

ALIVE_EVERY_SECONDS = 30.0
ANSWER_SECONDS = 5
SHORTEST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0

log = structlog.get_logger(__name__)


class PostgresWakeUps:
    """`address` should lead to the server itself: a transaction-mode pooler passes no notifications on, and behind one
    there are no wake-ups. What is missed then, or while the connection is down, is found by the relay's own looking.
    """

    def __init__(self, address: URL, wake: Callable[[], None]) -> None:
        self._address = address.set(drivername="postgresql").render_as_string(hide_password=False)
        self._wake = wake

    async def run(self) -> None:
        """Works until cancelled, or until there is nothing to hear."""
        pause = SHORTEST_PAUSE_SECONDS
        while True:
            try:
                connection: Any = await asyncpg.connect(self._address, timeout=ANSWER_SECONDS, statement_cache_size=0)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("wake_ups.waiting", reason=type(error).__name__, pause_seconds=pause)
            else:
                pause = SHORTEST_PAUSE_SECONDS
                if await self._is_deaf(connection):
                    return
                await self._listen(connection)
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _is_deaf(self, connection: Any) -> bool:
        try:
            is_deaf = await is_behind_pooler(connection)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        if is_deaf:
            log.info("wake_ups.none", reason="behind a pooler; DATABASE_DIRECT_URL would lead past it")
            connection.terminate()
        return is_deaf

    async def _listen(self, connection: Any) -> None:
        """Until the connection is gone."""
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        try:
            await connection.add_listener(WORK_CHANNEL, lambda *_: self._wake())
            self._wake()
            while not await _happens(lost, ALIVE_EVERY_SECONDS):
                await connection.execute("SELECT 1", timeout=ANSWER_SECONDS)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("wake_ups.lost", reason=type(error).__name__)
        finally:
            connection.terminate()


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
