"""Mail through Resend's HTTP API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import httpx
import msgspec
from msgspec import Struct

from application.ports.mail import (
    Mail,
    MailMessage,
    MailOutcomeUnknown,
    MailPutOff,
    MailRefused,
    MailUnavailable,
)
from infrastructure.mail.mime_message import one_line, recipient_address, safe_id, sender_address
from infrastructure.resilience.retry_after import retry_after_seconds

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
CONNECTIONS = 20
LONGEST_ANSWER_BYTES = 64 * 1024
OK, UNAUTHORIZED, CONFLICT = 200, 401, 409
# These speak of the mail: as it is, it is never taken.
ABOUT_THE_MAIL = (400, 413, 422)
# Unless they are about what we set: Resend says so by these names, or by its words about the key.
ABOUT_THE_SETTINGS = frozenset({"invalid_from_address", "missing_api_key", "invalid_api_key", "restricted_api_key"})
# Nothing had been sent when these happened.
BEFORE_THE_REQUEST = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)

T = TypeVar("T")


class _Taken(Struct):
    id: str


class _Problem(Struct):
    name: str = ""
    message: str = ""

    @property
    def is_about_the_settings(self) -> bool:
        return self.name in ABOUT_THE_SETTINGS or "api key" in self.message.lower()

    @property
    def safe_name(self) -> str:
        """The name if it is one: what is written to a log comes from outside."""
        return self.name if self.name.isidentifier() and self.name.isascii() and len(self.name) <= 60 else "no reason"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def read(self, kind: type[T]) -> T | None:
        """The body, None when it is something else."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None


def create_resend_client(api_key: str, base_url: str) -> httpx.AsyncClient:
    """Redirects are not followed: the key and the mail go where the settings say, nowhere else."""
    return httpx.AsyncClient(
        base_url=base_url,
        # Packed answers are not asked for: their length says nothing about what they unpack to.
        headers={"Authorization": f"Bearer {api_key}", "User-Agent": "TailTribe", "Accept-Encoding": "identity"},
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=CONNECTIONS),
    )


class ResendMail(Mail):
    """The mail's id is its idempotency key: within 24 hours Resend takes it once, however often it is sent.

    A key or a sender that Resend does not accept is a matter of our settings: the mails wait until they are put right,
    and it counts as a failure of the provider, so that the breaker opens, tells the operators and stops the asking.
    """

    def __init__(self, sender: str, *, client: httpx.AsyncClient) -> None:
        self._sender = str(sender_address(sender))
        self._client = client

    async def send(self, message: MailMessage) -> None:
        body = msgspec.json.encode(self._body(message))
        headers = {"Idempotency-Key": safe_id(message), "Content-Type": "application/json"}
        _judge(await self._ask("POST", "/emails", content=body, headers=headers))

    async def check(self) -> None:
        """Asks whether Resend knows the key, and sends nothing. Raises MailUnavailable."""
        answer = await self._ask("GET", "/domains")
        problem = answer.read(_Problem) or _Problem()
        # A key that may send and nothing else may not read this.
        if answer.status == OK or (answer.status == UNAUTHORIZED and problem.name == "restricted_api_key"):
            return
        raise MailUnavailable(f"Resend answers {answer.status} {problem.safe_name}")

    def _body(self, message: MailMessage) -> dict[str, object]:
        """Raises MailRefused. The Message-ID is Resend's own; a header of ours names the mail instead."""
        headers = {"X-Entity-Ref-ID": safe_id(message), "Auto-Submitted": "auto-generated"}
        if message.correlation_id:
            headers["X-Correlation-ID"] = one_line(message.correlation_id)
        return {
            "from": self._sender,
            "to": [str(recipient_address(message))],
            "subject": one_line(message.subject),
            "text": message.text,
            "html": message.html,
            "headers": headers,
        }

    async def _ask(
        self, method: str, path: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> _Answer:
        try:
            async with self._client.stream(method, path, content=content, headers=headers) as response:
                return _Answer(response.status_code, response.headers, await _start_of(response))
        except BEFORE_THE_REQUEST as error:
            raise MailUnavailable("Resend cannot be reached") from error
        except httpx.HTTPError as error:
            raise MailOutcomeUnknown("Resend did not answer") from error


async def _start_of(response: httpx.Response) -> bytes:
    """The body as far as it may go: what is cut off is no JSON any more."""
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > LONGEST_ANSWER_BYTES:
            break
    return bytes(body[:LONGEST_ANSWER_BYTES])


def _judge(answer: _Answer) -> None:
    """Returns when the mail was taken. Raises MailRefused, MailPutOff, MailOutcomeUnknown or MailUnavailable."""
    if httpx.codes.is_success(answer.status):
        if answer.read(_Taken) is None:
            raise MailOutcomeUnknown("Resend answers nonsense")
        return
    problem = answer.read(_Problem) or _Problem()
    told = f"Resend answers {answer.status} {problem.safe_name}"
    if answer.status == CONFLICT and problem.name == "concurrent_idempotent_requests":
        raise MailPutOff("Resend is at work on this mail already")
    if answer.status == CONFLICT and problem.name == "invalid_idempotent_request":
        # Under another key it would come twice.
        raise MailRefused("Resend took a mail of this id before, in other words")
    if answer.status in ABOUT_THE_MAIL and not problem.is_about_the_settings:
        raise MailRefused(told)
    kind = MailOutcomeUnknown if httpx.codes.is_server_error(answer.status) else MailUnavailable
    raise kind(told, retry_after_seconds=retry_after_seconds(answer.headers))
