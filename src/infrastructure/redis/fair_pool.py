"""Connections to Redis, first come, first served."""

import asyncio
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import TimeoutError as RedisTimeoutError

UNBOUNDED = 1_000_000


class FairPool(ConnectionPool):
    """A pool whose waiters queue; redis-py's blocking pool can starve one of them for as long as others keep coming.

    The semaphore alone bounds the connections; the bound of the parent, which answers with an error, is out of reach.
    """

    def __init__(self, *, max_connections: int, wait_seconds: float, **connection_settings: Any) -> None:
        super().__init__(max_connections=UNBOUNDED, **connection_settings)  # pyright: ignore[reportUnknownMemberType]
        self._permits = asyncio.Semaphore(max_connections)
        self._wait_seconds = wait_seconds

    async def get_connection(self, *_command: Any, **_options: Any) -> AbstractConnection:
        await self._take_permit()
        try:
            connection: AbstractConnection = self.get_available_connection()
        except BaseException:
            self._permits.release()
            raise
        try:
            await self.ensure_connection(connection)
        except BaseException:
            await self.release(connection)
            raise
        return connection

    async def release(self, connection: AbstractConnection) -> None:
        try:
            await super().release(connection)
        finally:
            self._permits.release()

    async def _take_permit(self) -> None:
        if not self._permits.locked():
            await self._permits.acquire()
            return
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._permits.acquire()
        except TimeoutError as error:
            raise RedisTimeoutError("no connection to Redis became free in time") from error
