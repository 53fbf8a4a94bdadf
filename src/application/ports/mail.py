"""Sending one written mail."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from domain.shared.errors import Unavailable


class MailUnavailable(Unavailable):
    """The mail could not be handed over now; whether the other side took it may be unknown. Send it again later."""

    title = "The mail provider is away"


class MailRefused(Exception):
    """The other side will never take this mail (a 5xx answer of SMTP): sending it again is pointless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailMessage:
    """A finished mail. `id` is stable over retries and becomes the Message-ID's left part."""

    id: str
    to: str
    subject: str
    text: str
    html: str
    correlation_id: str | None = None


class Mail(Protocol):
    """Hands a mail to whoever delivers it.

    Promises, checked by `tests/contract/test_mail.py`: returns only when the other side has taken it; the same `id`
    sent twice carries the same Message-ID (and overwrites, where mails are files); header injection is impossible.
    """

    @abstractmethod
    async def send(self, message: MailMessage) -> None:
        """Raises MailUnavailable (try again later) or MailRefused (never try again)."""
        ...
