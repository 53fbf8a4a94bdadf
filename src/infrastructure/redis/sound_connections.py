"""Connections to Redis whose end is always an error of Redis, and that let their callers be cancelled."""

import asyncio
from collections.abc import Iterable

from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import ConnectionError as RedisConnectionError


class _Sound(AbstractConnection):
    """uvloop answers a write on a connection that was just reset with a RuntimeError, and redis-py lets it through.

    redis-py writes within `asyncio.wait_for`, which before Python 3.12 swallows a cancellation that comes as the write
    ends: whoever works until he is cancelled would never end.
    """

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        task = asyncio.current_task()
        cancelled_before = task.cancelling() if task is not None else 0
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            raise RedisConnectionError("the connection to Redis is closed") from error
        if task is not None and task.cancelling() > cancelled_before:
            # Its answer would be taken for that of the next command.
            await self.disconnect(nowait=True)
            raise asyncio.CancelledError


class SoundConnection(_Sound, Connection): ...


class SoundSslConnection(_Sound, SSLConnection): ...


class SoundSocketConnection(_Sound, UnixDomainSocketConnection): ...


SOUND_CONNECTIONS: dict[type[AbstractConnection], type[AbstractConnection]] = {
    Connection: SoundConnection,
    SSLConnection: SoundSslConnection,
    UnixDomainSocketConnection: SoundSocketConnection,
}
