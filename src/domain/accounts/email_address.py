"""E-mail addresses in the one form in which they are stored and compared."""

import re

from domain.shared.errors import InvalidInput

MAX_EMAIL_LENGTH = 254
MAX_LOCAL_PART_LENGTH = 64

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_TOP_LABEL = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@(?:{_LABEL}\.)+{_TOP_LABEL}")


class EmailInvalid(InvalidInput):
    title = "This is not an e-mail address"


def folded_email(text: str) -> str:
    """Trimmed, lower case, an international domain in its ASCII form. Never raises: also for what is no address."""
    text = text.strip().lower()
    local, at, domain = text.rpartition("@")
    if domain.isascii() or len(text) > MAX_EMAIL_LENGTH:
        return text
    try:
        return local + at + domain.encode("idna").decode("ascii")
    except UnicodeError:
        return text


def normalised_email(text: str, *, field: str = "email") -> str:
    """The folded address. Raises EmailInvalid, also for local parts beyond ASCII: hardly any host delivers to them."""
    email = folded_email(text)
    match = _ADDRESS.fullmatch(email) if len(email) <= MAX_EMAIL_LENGTH else None
    if match is None or len(match.group(1)) > MAX_LOCAL_PART_LENGTH:
        raise EmailInvalid(field=field)
    return email
