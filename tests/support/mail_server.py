"""A mail server that is well, dead or hung, for the tests of whatever sends mail."""

import email
import socket
import threading
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.server_process import START_DEADLINE_SECONDS, reserved_port


class SilentServer:
    """Takes connections and says nothing: whoever waits for a greeting waits."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.visited = threading.Event()
        self._closing = threading.Event()
        self._visitors: list[socket.socket] = []
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    @property
    def visits(self) -> int:
        return len(self._visitors)

    def close(self) -> None:
        self._closing.set()
        # Wakes the thread that waits in accept(): until it leaves, the port stays taken.
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._socket.close()
        for visitor in self._visitors:
            visitor.close()

    def _take(self) -> None:
        while not self._closing.is_set():
            visitor, _ = self._socket.accept()
            self._visitors.append(visitor)
            self.visited.set()


class MailServer:
    """On one port until it is closed. It keeps every mail it took, knows no recipient of `unknown`, and refuses
    connections while it is dead."""

    def __init__(self) -> None:
        self._keeper = reserved_port()
        self.port: int = self._keeper.getsockname()[1]
        self.unknown: set[str] = set()
        self._taken: list[EmailMessage] = []
        self._well: Controller | None = None
        self._hung: SilentServer | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def visits_while_hung(self) -> int:
        return self._hung.visits if self._hung is not None else 0

    def mails(self) -> list[EmailMessage]:
        return list(self._taken)

    def be_well(self) -> None:
        self.be_dead()
        self._well = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=START_DEADLINE_SECONDS)
        self._well.start()

    def be_dead(self) -> None:
        if self._well is not None:
            self._well.stop()
        if self._hung is not None:
            self._hung.close()
        self._well = self._hung = None

    def close(self) -> None:
        self.be_dead()
        self._keeper.close()

    def hang(self) -> None:
        self.be_dead()
        self._hung = SilentServer(self.port)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        self._taken.append(email.message_from_bytes(content if isinstance(content, bytes) else b"", policy=default))
        return "250 OK"
