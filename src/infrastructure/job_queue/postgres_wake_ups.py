"""Wakes the relay when another process has committed work, and tells what became untrue in the cache: LISTEN on a
connection of its own, kept alive.

The notifications about work come from triggers on events and jobs: they cost a writer no round trip.
"""

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import asyncpg
import structlog
from sqlalchemy.engine import URL

from domain.shared.errors import Unavailable
from infrastructure.persistence.jobs.job_tables import WORK_CHANNEL
from infrastructure.persistence.pooler import is_behind_pooler

ALIVE_EVERY_SECONDS = 5.0
ANSWER_SECONDS = 5
# As `pg_stat_activity` shows it: its last statement tells nothing.
APPLICATION_NAME = "tailtribe wake-ups"
SHORTEST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
# A server that ends a session between the steps of a statement leaves asyncpg in a state that it calls internal.
LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

log = structlog.get_logger(__name__)


class Listener(Protocol):
    """Hears what is announced on its channel, and knows when it does not."""

    channel: str

    def hear(self, text: str) -> None: ...

    async def listening(self) -> None:
        """From now on everything is heard. Raises Unavailable when it could not find out what came before."""
        ...

    def deaf(self, *, for_good: bool = False) -> None: ...


class PostgresWakeUps:
    """`address` should lead to the server itself: a transaction-mode pooler passes no notifications on, and behind one
    there are no wake-ups. What is missed then, or while the connection is down, is found by the relay's own looking.
    """

    def __init__(self, address: URL, wake: Callable[[], None], listener: Listener | None = None) -> None:
        self._address = address.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connect = partial(
            asyncpg.connect,
            self._address,
            timeout=ANSWER_SECONDS,
            statement_cache_size=0,
            server_settings={"application_name": APPLICATION_NAME},
        )
        self._wake = wake
        self._listener = listener

    async def run(self) -> None:
        """Works until cancelled, or until there is nothing to hear."""
        pause = SHORTEST_PAUSE_SECONDS
        while True:
            try:
                connection: Any = await self._connect()
            except LOST as error:
                log.warning("wake_ups.waiting", reason=type(error).__name__, pause_seconds=pause)
            else:
                try:
                    is_deaf = await self._is_deaf(connection)
                    if is_deaf:
                        return
                    if is_deaf is not None:
                        pause = SHORTEST_PAUSE_SECONDS
                        await self._listen(connection)
                finally:
                    connection.terminate()
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _is_deaf(self, connection: Any) -> bool | None:
        """None when that was not to be found out: to take it for no pooler would be to wait for what never comes."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                is_deaf = await is_behind_pooler(connection)
        except LOST as error:
            log.warning("wake_ups.lost", reason=type(error).__name__)
            return None
        if is_deaf:
            log.info("wake_ups.none", reason="behind a pooler; DATABASE_DIRECT_URL would lead past it")
            if self._listener is not None:
                self._listener.deaf(for_good=True)
        return is_deaf

    async def _listen(self, connection: Any) -> None:
        """Until the connection is gone."""
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        try:
            await connection.add_listener(WORK_CHANNEL, lambda *_: self._wake())
            await self._begin_to_listen(connection)
            self._wake()
            while not await _happens(lost, ALIVE_EVERY_SECONDS):
                await connection.execute("SELECT 1", timeout=ANSWER_SECONDS)
        except (Unavailable, *LOST) as error:
            log.warning("wake_ups.lost", reason=type(error).__name__)
        finally:
            if self._listener is not None:
                self._listener.deaf()

    async def _begin_to_listen(self, connection: Any) -> None:
        listener = self._listener
        if listener is not None:
            await connection.add_listener(listener.channel, lambda *heard: listener.hear(heard[-1]))
            await listener.listening()


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
