"""Sending one written mail."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from domain.shared.errors import Unavailable


class MailUnavailable(Unavailable):
    """The mail was not taken, and may be sent again later. `retry_after_seconds` is the pause the other side asked for,
    0 if it did not."""

    title = "The mail provider is away"

    def __init__(self, detail: str = "", *, retry_after_seconds: float = 0) -> None:
        super().__init__(detail, retry_after=math.ceil(retry_after_seconds) or 5)
        self.retry_after_seconds = retry_after_seconds


class MailPutOff(MailUnavailable):
    """The other side is well, and wants this one mail later. It speaks for no other mail."""

    title = "The mail provider wants this mail later"


class MailOutcomeUnknown(MailUnavailable):
    """The mail was on its way when the other side fell silent or stumbled: it may have been taken. Sent again under the
    same id, the other side or the reader's program can tell that it is the same."""

    title = "The mail provider did not say whether it took the mail"


class MailRefused(Exception):
    """The other side will never take this mail: sending it again is pointless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailMessage:
    """A finished mail. `id` is stable over retries: the Message-ID's left part, or the provider's idempotency key."""

    id: str
    to: str
    subject: str
    text: str
    html: str
    correlation_id: str | None = None


class Mail(Protocol):
    """Hands a mail to whoever delivers it.

    Promises, checked by `tests/contract/test_mail.py`: returns only when the other side has taken it; the same `id`
    sent twice is one mail where the other side knows ids (files, Resend for 24 hours), and carries the same Message-ID
    where it does not (SMTP); header injection is impossible.
    """

    @abstractmethod
    async def send(self, message: MailMessage) -> None:
        """Raises MailUnavailable (try again later; MailOutcomeUnknown when it may have been taken) or MailRefused
        (never try again)."""
        ...
