"""A pooler of the system's packages for tests."""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.support.databases import answers
from tests.support.server_process import ServerDidNotStart, ServerMissing, ServerProcess, free_ports, nobody


def pgbouncer_binary() -> Path:
    binary = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if binary is None:
        raise ServerMissing("PgBouncer")
    return Path(binary)


class PgBouncerProcess:
    """A PgBouncer in transaction mode before a PostgreSQL: each transaction meets another connection of the server, and
    what belongs to a session is not there any more. As root it runs as `nobody`, since it refuses root."""

    def __init__(self, binary: Path, server_url: str) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="tailtribe-pgbouncer-"))
        self._user = nobody() if os.geteuid() == 0 else None
        self._binary = binary
        self._server = urlsplit(server_url)
        self._process: ServerProcess | None = None
        self.port = 0

    def start(self) -> None:
        atexit.register(self.stop)
        for port in free_ports():
            self.port = port
            self._process = ServerProcess([self._binary, self._configured()], user=self._user)
            try:
                self._process.start(lambda: answers(self.url_of(self._server.geturl())))
            except ServerDidNotStart as error:
                if "in use" not in str(error):
                    raise
            else:
                return
        raise ServerDidNotStart("no free port")

    def stop(self) -> None:
        atexit.unregister(self.stop)
        if self._process is not None:
            self._process.end(signal.SIGINT)
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)

    def url_of(self, url: str) -> str:
        """The way through it to a database of its server."""
        return urlunsplit(urlsplit(url)._replace(netloc=f"postgres@127.0.0.1:{self.port}"))

    def _configured(self) -> Path:
        self._directory.chmod(0o755)
        (users := self._directory / "users.txt").write_text('"postgres" ""\n')
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "trust",
            "auth_file": users,
            "pool_mode": "transaction",
            "server_round_robin": 1,
            "default_pool_size": 8,
            "max_client_conn": 300,
        }
        if self._can_prepare():
            settings["max_prepared_statements"] = 0
        lines = ["[databases]", f"* = host={self._server.hostname} port={self._server.port}", "[pgbouncer]"]
        lines += [f"{name} = {value}" for name, value in settings.items()]
        (configuration := self._directory / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
        return configuration

    def _can_prepare(self) -> bool:
        """Since 1.21 it keeps prepared statements, when it is not told otherwise."""
        told = subprocess.run([self._binary, "--version"], check=True, capture_output=True, text=True).stdout
        major, minor = told.split()[1].split(".")[:2]
        return (int(major), int(minor)) >= (1, 21)
