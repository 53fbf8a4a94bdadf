"""A child process that serves, with an end for certain."""

import atexit
import contextlib
import os
import pwd
import socket
import subprocess
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

START_DEADLINE_SECONDS = 120.0
STOP_DEADLINE_SECONDS = 60.0
PORT_ATTEMPTS = 3


class ServerMissing(Exception):
    """No binary of the service was found: neither on the machine nor in the development packages."""


class ServerDidNotStart(Exception):
    """The process ended or did not answer in time; its output is the message."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def reserved_port() -> socket.socket:
    """A socket that keeps its port from others until it is closed, and refuses connections. Whoever reuses addresses,
    as servers do, may listen on the same port; when it stops nobody else gets it."""
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    return keeper


class KeptPort:
    """A port that nobody else gets as long as this lives: neither another server while ours is away, nor somebody who
    connects to one."""

    def __init__(self) -> None:
        keeper = reserved_port()
        self.number: int = keeper.getsockname()[1]
        weakref.finalize(self, keeper.close)


@dataclass(slots=True)
class ServerProcess:
    """A child process with its output in a file; it is ended by its own handle, at the latest when Python exits."""

    command: Sequence[str | Path]
    user: int | None = None
    _child: subprocess.Popen[bytes] | None = None
    _output: IO[bytes] = field(default_factory=tempfile.TemporaryFile)

    def start(self, is_ready: Callable[[], bool]) -> None:
        self._child = subprocess.Popen(
            [str(part) for part in self.command],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            cwd=tempfile.gettempdir(),
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            user=self.user,
            group=self.user and group_of(self.user),
        )
        atexit.register(self.kill)
        self._wait(is_ready)

    def _wait(self, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        while not is_ready():
            if self._child is None or self._child.poll() is not None or time.monotonic() > deadline:
                self.kill()
                output = self.output()
                self.close()
                raise ServerDidNotStart(output)
            time.sleep(0.02)

    def send(self, number: int) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    def end(self, number: int) -> None:
        """Asks politely, then kills."""
        self.send(number)
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(STOP_DEADLINE_SECONDS)
        self.close()

    def kill(self) -> None:
        atexit.unregister(self.kill)
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def output(self) -> str:
        self._output.seek(0)
        return self._output.read().decode(errors="replace")

    def close(self) -> None:
        self.kill()
        self._output.close()


def group_of(user: int) -> int:
    return pwd.getpwuid(user).pw_gid


def nobody() -> int:
    return pwd.getpwnam("nobody").pw_uid


def free_ports() -> Iterator[int]:
    for _ in range(PORT_ATTEMPTS):
        yield free_port()
