"""An HTTP server that behaves as badly as it is told, for the tests of whatever talks to somebody else's."""

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast
from urllib.parse import parse_qs, urlsplit

from tests.support.server_process import KeptPort


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One that arrived. Names of headers are in lower case; of a repeated parameter the last value counts."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    after_seconds: float = 0


class Fault(Enum):
    RESET = "reset"
    HANG = "hang"


# A function answers by what was asked.
Behaviour = Answer | Fault | Callable[[Request], Answer | Fault]

# The connection breaks while the answer is awaited.
RESET = Fault.RESET
# No answer, ever; the connection stays open until the server stops.
HANG = Fault.HANG


def answer(value: Any = None, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON document."""
    return Answer(
        status=status,
        body=json.dumps(value).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )


def slow(seconds: float, then: Answer) -> Answer:
    return Answer(status=then.status, body=then.body, headers=then.headers, after_seconds=seconds)


def done_and_then(does: Callable[[Request], Answer], then: Answer | Fault) -> Behaviour:
    """What was asked for happens, and something else is answered."""

    def behave(request: Request) -> Answer | Fault:
        does(request)
        return then

    return behave


def server_error(status: int = 500) -> Answer:
    return Answer(status=status, body=b"<h1>Something went wrong</h1>", headers={"Content-Type": "text/html"})


def too_many_requests(retry_after: str) -> Answer:
    return answer({"error": "too many requests"}, status=429, headers={"Retry-After": retry_after})


def conflict() -> Answer:
    return answer({"error": "conflict"}, status=409)


def broken_json() -> Answer:
    return Answer(body=b'[{"name": "Ge', headers={"Content-Type": "application/json"})


class FaultServer:
    """Runs in a thread on 127.0.0.1 between `start` and `stop`; while stopped, its port refuses connections.

    Every request takes the next behaviour of `play`, or `always` when none is left. Each has a connection of its own.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.always: Behaviour = answer({})
        self._script: deque[Behaviour] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._kept = KeptPort()
        self._running: tuple[_Server, threading.Thread] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._kept.number}"

    def play(self, *behaviours: Behaviour) -> None:
        """Adds them to the end of the script."""
        with self._lock:
            self._script.extend(behaviours)

    def start(self) -> None:
        """Each time on the same port."""
        self._stopping.clear()
        server = _Server(("127.0.0.1", self._kept.number), self)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="fault server")
        thread.start()
        self._running = server, thread

    def stop(self) -> None:
        """Ends what is slow or hangs, and closes every connection."""
        if self._running is None:
            return
        server, thread = self._running
        self._running = None
        self._stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def take(self, request: Request) -> Answer | Fault:
        with self._lock:
            self.requests.append(request)
            behaviour = self._script.popleft() if self._script else self.always
            return behaviour(request) if callable(behaviour) else behaviour

    def stopping_within(self, seconds: float | None) -> bool:
        """Waits that long, forever if None, but no longer than until the server stops: then it is true."""
        return self._stopping.wait(seconds)


class _Server(ThreadingHTTPServer):
    # Closing waits for the threads of all connections.
    daemon_threads = False
    # Many may call at once.
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], faults: FaultServer) -> None:
        super().__init__(address, _Handler)
        self.faults = faults

    def shutdown_request(self, request: Any) -> None:
        """Without the polite end that comes first otherwise: a reset would not be one."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever gave up waiting has closed the connection; nobody wants to read about it."""


class _Handler(BaseHTTPRequestHandler):
    # A client that connects and says nothing holds up the end no longer than this.
    timeout = 5

    def _serve(self) -> None:
        faults = cast(_Server, self.server).faults
        match faults.take(self._request()):
            case Fault.HANG:
                faults.stopping_within(None)
            case Fault.RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case told:
                if not told.after_seconds or not faults.stopping_within(told.after_seconds):
                    self._send(told)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the library's names

    def _request(self) -> Request:
        target = urlsplit(self.path)
        return Request(
            method=self.command,
            path=target.path,
            query={name: values[-1] for name, values in parse_qs(target.query, keep_blank_values=True).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )

    def _send(self, told: Answer) -> None:
        self.send_response_only(told.status)
        for name, value in told.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(told.body)))
        self.end_headers()
        self.wfile.write(told.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """The recorded requests are the log."""
