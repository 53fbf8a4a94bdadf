"""Connections to Redis whose end is always an error of Redis."""

from collections.abc import Iterable

from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import ConnectionError as RedisConnectionError


class _Sound(AbstractConnection):
    """uvloop answers a write on a connection that was just reset with a RuntimeError, and redis-py lets it through."""

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            raise RedisConnectionError("the connection to Redis is closed") from error


class SoundConnection(_Sound, Connection): ...


class SoundSslConnection(_Sound, SSLConnection): ...


class SoundSocketConnection(_Sound, UnixDomainSocketConnection): ...


SOUND_CONNECTIONS: dict[type[AbstractConnection], type[AbstractConnection]] = {
    Connection: SoundConnection,
    SSLConnection: SoundSslConnection,
    UnixDomainSocketConnection: SoundSocketConnection,
}
