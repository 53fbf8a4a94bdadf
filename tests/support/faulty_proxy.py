"""A TCP proxy that behaves as badly as it is told, between a client and a server that is well."""

import asyncio
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Self

from tests.support.servers import reserved_port

_PIECE = 64 * 1024
_DEADLINE_SECONDS = 30.0


class FaultyProxy:
    """Forwards from 127.0.0.1:`port` to 127.0.0.1:`target_port` between `start` and `stop`, in a thread of its own.

    A change of behaviour holds at once, for open connections as well.
    """

    def __init__(self, target_port: int) -> None:
        self._keeper = reserved_port()
        self.port: int = self._keeper.getsockname()[1]
        self._target_port = target_port
        self._delay_seconds = 0.0
        self._flows = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faulty proxy")
        self._listener: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._thread.start()
        self.forward()

    def stop(self) -> None:
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._keeper.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def forward(self, *, delay_milliseconds: float = 0) -> None:
        """Everything arrives so much later, in each direction."""
        self._do(self._forward(delay_milliseconds / 1000))

    def hang(self) -> None:
        """Takes connections and bytes and passes nothing on; what was held back follows when it forwards again."""
        self._do(self._hang())

    def refuse(self) -> None:
        """Resets open connections and takes no new ones."""
        self._do(self._refuse())

    def _do(self, change: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(change, self._loop).result(_DEADLINE_SECONDS)

    async def _forward(self, delay_seconds: float) -> None:
        self._delay_seconds = delay_seconds
        self._flows.set()
        await self._listen()

    async def _hang(self) -> None:
        self._flows.clear()
        await self._listen()

    async def _refuse(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = await asyncio.start_server(self._take, "127.0.0.1", self.port)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Without the polite end: what breaks off breaks off.
        writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        try:
            with suppress(OSError):
                there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
                try:
                    await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))
                finally:
                    back.transport.abort()
        finally:
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                if self._delay_seconds:
                    await asyncio.sleep(self._delay_seconds)
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()
