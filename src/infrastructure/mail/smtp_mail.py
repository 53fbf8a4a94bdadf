"""Mail through an SMTP server."""

from contextlib import suppress
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from application.ports.mail import Mail, MailMessage, MailRefused, MailUnavailable
from infrastructure.mail.mime_message import mime_message, sender_address

SUBMISSION_PORT = 587
RELAY_PORT = 25
TLS_PORT = 465
PARTING_SECONDS = 0.5
AUTHENTICATION_CODES = range(530, 540)


class SmtpMail(Mail):
    """`smtp://user:password@host:port` with STARTTLS when it is offered, `smtps://` with TLS from the beginning.

    A 5xx answer to sender, recipient or content refuses the mail. One to our greeting or our password speaks of our
    settings instead: the mails wait until they are put right.
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
        connection = self._connection()
        try:
            await connection.connect()
            await connection.send_message(mime)
            await _part(connection)
        except (SMTPSenderRefused, SMTPRecipientsRefused, SMTPDataError) as error:
            if _is_final(error):
                raise MailRefused(f"the mail server refused: {_code(error)}") from error
            raise MailUnavailable(f"The mail server put the mail off: {_code(error)}") from error
        except (SMTPException, OSError, TimeoutError) as error:
            raise MailUnavailable("The mail server did not take the mail") from error
        finally:
            # Whoever gave us up does not wait for a farewell.
            connection.close()

    async def check(self) -> None:
        """Connects and signs in, and sends nothing. Raises MailUnavailable."""
        try:
            async with self._connection() as connection:
                await connection.noop()
        except (SMTPException, OSError, TimeoutError) as error:
            raise MailUnavailable(f"{self._host}:{self._port} does not answer or refuses the sign-in") from error

    def _connection(self) -> SMTP:
        return SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._tls,
            start_tls=False if self._tls else None,
            timeout=self._timeout_seconds,
        )


async def _part(connection: SMTP) -> None:
    """The mail is taken: a server that is slow to say goodbye must not make us send it again."""
    with suppress(SMTPException, OSError, TimeoutError):
        await connection.quit(timeout=PARTING_SECONDS)


def _is_final(error: SMTPResponseException | SMTPRecipientsRefused) -> bool:
    return 500 <= _code(error) <= 599 and _code(error) not in AUTHENTICATION_CODES


def _code(error: SMTPResponseException | SMTPRecipientsRefused) -> int:
    """The answer's code; the texts may hold addresses and stay out of errors and logs."""
    return error.recipients[0].code if isinstance(error, SMTPRecipientsRefused) else error.code
