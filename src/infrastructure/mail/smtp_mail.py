"""Mail through an SMTP server."""

from contextlib import suppress
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponse,
    SMTPResponseException,
    SMTPSenderRefused,
)

from application.ports.mail import (
    Mail,
    MailMessage,
    MailOutcomeUnknown,
    MailPutOff,
    MailRefused,
    MailUnavailable,
)
from infrastructure.mail.mime_message import mime_message, sender_address

SUBMISSION_PORT = 587
RELAY_PORT = 25
TLS_PORT = 465
AUTHENTICATION_CODES = range(530, 540)
PUT_OFF_CODES = range(400, 500)
REFUSED_CODES = range(500, 600)
CLOSING_DOWN = 421
GOODBYE_SECONDS = 0.5
ANSWERS = (SMTPSenderRefused, SMTPRecipientsRefused, SMTPDataError)
# TimeoutError is an OSError.
FAULTS = (SMTPException, OSError)


class SmtpMail(Mail):
    """`smtp://user:password@host:port` with STARTTLS when it is offered, `smtps://` with TLS from the beginning.

    A 5xx answer to sender, recipient or content refuses the mail. One to our greeting or our password speaks of our
    settings instead: the mails wait until they are put right. Silence once the content is on its way leaves open
    whether the mail was taken: it comes again, under the same Message-ID.
    """

    def __init__(self, url: str, sender: str, *, timeout_seconds: float = 10) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("SMTP_URL must be smtp://host:port or smtps://host:port")
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname
        self._port = parts.port or (TLS_PORT if self._tls else SUBMISSION_PORT if parts.username else RELAY_PORT)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender_address(sender)
        self._timeout_seconds = timeout_seconds

    async def send(self, message: MailMessage) -> None:
        mime = mime_message(message, sender=self._sender, encoding="quoted-printable")
        conversation = self._conversation()
        try:
            await _begin(conversation, "The mail server is away or refuses the sign-in")
            await _hand_over(conversation, mime)
            await _say_goodbye(conversation)
        finally:
            conversation.close()

    async def check(self) -> None:
        """Connects and signs in, and sends nothing. Raises MailUnavailable."""
        conversation = self._conversation()
        try:
            await _begin(conversation, f"{self._host}:{self._port} does not answer or refuses the sign-in")
            await _say_goodbye(conversation)
        finally:
            conversation.close()

    def _conversation(self) -> "_Conversation":
        return _Conversation(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._tls,
            start_tls=False if self._tls else None,
            timeout=self._timeout_seconds,
        )


class _Conversation(SMTP):
    """About one mail; it notes when the content is on its way."""

    is_handing_over = False

    async def data(self, message: str | bytes, /, **options: Any) -> SMTPResponse:
        self.is_handing_over = True
        return await super().data(message, **options)

    async def rset(self, **options: Any) -> SMTPResponse:  # noqa: ARG002
        """Nothing: no other mail follows, and whoever has refused one is not asked for more."""
        return SMTPResponse(250, "")


async def _begin(conversation: _Conversation, detail: str) -> None:
    try:
        await conversation.connect()
    except FAULTS as error:
        raise MailUnavailable(detail) from error


async def _hand_over(conversation: _Conversation, mime: EmailMessage) -> None:
    try:
        await conversation.send_message(mime)
    except ANSWERS as error:
        raise _verdict(error, content_sent=conversation.is_handing_over) from error
    except SMTPNotSupported as error:
        raise MailRefused("the mail server takes no address of this form") from error
    except FAULTS as error:
        if conversation.is_handing_over:
            raise MailOutcomeUnknown("The mail server did not say whether it took the mail") from error
        raise MailUnavailable("The mail server did not take the mail") from error


async def _say_goodbye(conversation: _Conversation) -> None:
    """All is done: whether the other side hears it, and when, does not matter."""
    with suppress(*FAULTS):
        await conversation.quit(timeout=GOODBYE_SECONDS)


def _verdict(error: SMTPResponseException | SMTPRecipientsRefused, *, content_sent: bool) -> Exception:
    code = _code(error)
    if isinstance(error, SMTPSenderRefused):
        # The sender is a setting of ours: no mail is to blame for it.
        return MailUnavailable(f"The mail server refuses our sender: {code}")
    if code in REFUSED_CODES and code not in AUTHENTICATION_CODES:
        return MailRefused(f"the mail server refused: {code}")
    if isinstance(error, SMTPRecipientsRefused) and code in PUT_OFF_CODES and code != CLOSING_DOWN:
        return MailPutOff(f"The mail server puts this recipient off: {code}")
    if content_sent and code not in PUT_OFF_CODES and code not in REFUSED_CODES:
        return MailOutcomeUnknown(f"The mail server answers {code}, which means nothing here")
    return MailUnavailable(f"The mail server put the mail off: {code}")


def _code(error: SMTPResponseException | SMTPRecipientsRefused) -> int:
    """The answer's code; the texts may hold addresses and stay out of errors and logs."""
    return error.recipients[0].code if isinstance(error, SMTPRecipientsRefused) else error.code
