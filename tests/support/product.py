"""The product as a user starts it: processes of the `tailtribe` command, driven over HTTP only."""

import email
import email.policy
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.support.mail_server import MailServer
from tests.support.servers import KeptPort

# They only bound a hang: a machine may be busy.
START_SECONDS = PATIENCE_SECONDS = END_SECONDS = 120.0
ADMIN = ("admin@tailtribe.example", "quiet otters admin 77")

T = TypeVar("T")


@dataclass(slots=True)
class Product:
    """Some API processes and maybe workers over one data directory. `worker` is the one that tests kill."""

    data_dir: Path
    environment: dict[str, str]
    api_processes: int = 1
    with_worker: bool = False
    workers: int = 0
    worker_threads: int = 4
    mail_server: MailServer | None = None
    ports: list[int] = field(default_factory=list[int])
    apis: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])
    worker: subprocess.Popen[bytes] | None = None
    crew: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])
    clients: list[httpx.Client] = field(default_factory=list[httpx.Client])
    _kept_ports: list[KeptPort] = field(default_factory=list[KeptPort])

    def start(self) -> None:
        self._kept_ports = [KeptPort() for _ in range(self.api_processes)]
        self.ports = [kept.number for kept in self._kept_ports]
        self.apis = [self._spawn("serve", port=port) for port in self.ports]
        if self.with_worker:
            self.start_worker()
        self.crew = [self._spawn("worker", "--threads", str(self.worker_threads)) for _ in range(self.workers)]
        for port in self.ports:
            self._await_answer(port)

    def start_worker(self) -> None:
        self.worker = self._spawn("worker", "--threads", str(self.worker_threads))

    def stop_api(self, at: int) -> None:
        """SIGTERM, and its end."""
        os.killpg(self.apis[at].pid, signal.SIGTERM)
        self.apis[at].wait(END_SECONDS)

    def start_api(self, at: int) -> None:
        """Again, on its port."""
        self.apis[at] = self._spawn("serve", port=self.ports[at])
        self._await_answer(self.ports[at])

    def kill_worker(self) -> None:
        """`kill -9` of the worker and its children: no chance to tidy up."""
        assert self.worker is not None
        os.killpg(self.worker.pid, signal.SIGKILL)
        self.worker.wait(END_SECONDS)
        self.worker = None

    def stop(self) -> None:
        for client in self.clients:
            client.close()
        processes = [process for process in (*self.apis, *self.crew, self.worker) if process is not None]
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(END_SECONDS)
        self.apis, self.crew, self.worker = [], [], None

    def command(self, *arguments: str, stdin: str = "") -> str:
        """Runs `tailtribe …` to its end; what it printed."""
        done = self.attempt(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        return done.stdout.decode()

    def attempt(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[bytes]:
        """Runs `tailtribe …`, however it ends."""
        return subprocess.run(
            [*_TAILTRIBE, *arguments],
            input=stdin.encode(),
            env=self._environment(),
            capture_output=True,
            timeout=300,
            check=False,
        )

    def begin(self, *arguments: str, terminal: int) -> subprocess.Popen[bytes]:
        """Starts `tailtribe …` on a terminal, where Ctrl-C does what it does there: whoever runs the tests in the
        background of a script has it ignored, and children inherit that."""
        return subprocess.Popen(
            [*_TAILTRIBE, *arguments],
            env=self._environment(),
            stdout=terminal,
            stderr=terminal,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def client(self, at: int = 0, *, token: str | None = None) -> httpx.Client:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        client = httpx.Client(base_url=f"http://127.0.0.1:{self.ports[at]}", headers=headers, timeout=90)
        self.clients.append(client)
        return client

    def mails(self) -> list[EmailMessage]:
        """Every mail sent so far, as a mail program would read it."""
        if self.mail_server is not None:
            return self.mail_server.mails()
        folder = self.data_dir / "mail"
        return [_read_mail(path) for path in sorted(folder.glob("*.eml"))]

    def mails_to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails() if mail["To"] == address]

    def log(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self.data_dir.glob("*.log")))

    def _spawn(self, *arguments: str, port: int = 0) -> subprocess.Popen[bytes]:
        with (self.data_dir / f"{arguments[0]}-{port}.log").open("ab") as log:
            return subprocess.Popen(
                [*_TAILTRIBE, *arguments],
                env=self._environment(port),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _environment(self, port: int = 0) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        if self.mail_server is not None:
            inherited["SMTP_URL"] = self.mail_server.url
        return inherited | {"DATA_DIR": str(self.data_dir), "PORT": str(port)} | self.environment

    def _await_answer(self, port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/api/health/live").status_code == 204:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"the API did not answer within {START_SECONDS} s:\n{self.log()}")


_TAILTRIBE = [sys.executable, "-c", "from interfaces.bootstrap.cli import main; main()"]


def eventually(look: Callable[[], T | None], *, seconds: float = PATIENCE_SECONDS, what: str = "it") -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(0.05)


def token_in(mail: EmailMessage) -> str:
    """The one token of a mail's text part."""
    found = re.findall(r"token=([A-Za-z0-9_.-]{16,})", text_of(mail))
    assert len(found) == 1, text_of(mail)
    return found[0]


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return part.get_content()


def _read_mail(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of a refused request."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    assert response.headers["content-type"].startswith("application/problem+json")
    return response.json()


def ok(response: httpx.Response, status: int = 200) -> Any:
    """The body of an answered request."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    return response.json() if response.content else None


def running(product: Product) -> Iterator[Product]:
    """Starts with an admin, and stops; for fixtures."""
    product.command("create-admin", "--email", ADMIN[0], stdin=ADMIN[1] + "\n")
    try:
        product.start()
        yield product
    finally:
        product.stop()
