"""An SMTP server that behaves at each step as it is told, down to the bytes."""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from tests.support.fault_server import HANG, RESET, Fault

# What it says at a step: a line, or what it does instead.
Reply = str | Fault
USUAL: Mapping[str, Reply] = {
    "greeting": "220 peer ready",
    "EHLO": "250-peer\r\n250 SIZE 1000000",
    "HELO": "250 peer",
    "STARTTLS": "220 go ahead",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go ahead",
    "content": "250 taken",
    "QUIT": "221 bye",
}


@dataclass
class SmtpPeer:
    """Runs on the test's own event loop between `start` and `stop`. `replies` change steps of `USUAL`.

    While it hangs it calls `hanging` again and again, until the other side has gone.
    """

    replies: dict[str, Reply] = field(default_factory=dict[str, Reply])
    steps: list[str] = field(default_factory=list[str])
    taken: list[bytes] = field(default_factory=list[bytes])
    hanging: Callable[[], None] = lambda: None

    async def start(self) -> Self:
        self._ending = asyncio.Event()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        self._ending.set()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            step = "greeting"
            while await self._reply(step, reader, writer) and step != "QUIT":
                if step == "DATA" and str(self.replies.get("DATA", "354")).startswith("354"):
                    content = await reader.readuntil(b"\r\n.\r\n")
                    step = "content"
                    self.taken.append(content)
                else:
                    line = await reader.readline()
                    step = line.decode("ascii", "replace").split(maxsplit=1)[0].upper() if line.strip() else "QUIT"
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _reply(self, step: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the conversation goes on."""
        self.steps.append(step)
        reply = self.replies.get(step, USUAL.get(step, "500 what?"))
        if reply is HANG:
            while not self._ending.is_set() and not reader.at_eof() and reader.exception() is None:
                self.hanging()
                await asyncio.sleep(0.001)
            return False
        if reply is RESET:
            connection: socket.socket = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        writer.write(f"{reply}\r\n".encode())
        await writer.drain()
        return True
