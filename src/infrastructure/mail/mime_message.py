"""A mail as it goes over the wire (RFC 5322, MIME)."""

import re
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Literal

from application.ports.mail import MailMessage, MailRefused

SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
SENDER_NAME = "TailTribe"
Encoding = Literal["8bit", "quoted-printable"]


class SenderInvalid(ValueError):
    """The sender is no mail address: a setting is wrong."""


def sender_address(sender: str) -> Address:
    """`TailTribe <hello@tailtribe.be>` or a bare address. Raises SenderInvalid."""
    name, address = parseaddr(sender)
    try:
        return Address(display_name=name or SENDER_NAME, addr_spec=address)
    except (ValueError, IndexError, MessageError) as error:
        raise SenderInvalid(f"{sender!r} is no sender of mails") from error


def mime_message(message: MailMessage, *, sender: Address, encoding: Encoding) -> EmailMessage:
    """The mail with both its parts. Raises MailRefused when no server could take it.

    Header values are folded into one line each, and ids and addresses must have their usual form: nothing that a user
    typed can begin a header of its own.
    """
    mime = EmailMessage(policy=SMTP)
    mime["From"] = sender
    mime["To"] = recipient_address(message)
    mime["Subject"] = one_line(message.subject)
    mime["Date"] = format_datetime(datetime.now(UTC))
    mime["Message-ID"] = f"<{safe_id(message)}@{sender.domain}>"
    mime["Auto-Submitted"] = "auto-generated"
    if message.correlation_id:
        mime["X-Correlation-ID"] = one_line(message.correlation_id)
    mime.set_content(message.text, cte=encoding)
    mime.add_alternative(message.html, subtype="html", cte=encoding)
    return mime


def safe_id(message: MailMessage) -> str:
    """The id, fit for a header and a file name. Raises MailRefused."""
    if not SAFE_ID.fullmatch(message.id):
        raise MailRefused("the id of the mail has characters that an id may not have")
    return message.id


def recipient_address(message: MailMessage) -> Address:
    """Exactly one address. Raises MailRefused."""
    to = message.to
    try:
        address = Address(addr_spec=to)
    except (ValueError, IndexError, MessageError) as error:
        raise MailRefused("the recipient is no mail address") from error
    if not address.username or not address.domain or not to.isprintable():
        raise MailRefused("the recipient is no mail address")
    return address


def one_line(value: str) -> str:
    """Without anything that could end a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())
