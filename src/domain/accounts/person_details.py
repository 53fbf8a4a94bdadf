"""What people may call themselves, and how they may be reached."""

import re
import unicodedata

from domain.shared.errors import InvalidInput

MAX_NAME_LENGTH = 80
MAX_ADDRESS_LENGTH = 300
MAX_PHONE_LENGTH = 32

_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTION_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PHONE = re.compile(r"\+?[0-9 ().\-/]+")


class NameInvalid(InvalidInput):
    title = "A name has 1 to 80 characters and no control characters"


class PhoneInvalid(InvalidInput):
    title = "This is not a phone number"


class AddressInvalid(InvalidInput):
    title = "An address has 1 to 300 characters and no control characters"


def checked_name(text: str, *, field: str) -> str:
    """The name without surrounding blanks. Raises NameInvalid."""
    name = text.strip()
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not is_printable_line(name):
        raise NameInvalid(field=field)
    return name


def checked_phone(text: str, *, field: str = "phone") -> str:
    """The number as its owner writes it, 6 to 15 digits. Raises PhoneInvalid."""
    phone = text.strip()
    digits = sum(character.isdigit() for character in phone)
    if len(phone) > MAX_PHONE_LENGTH or not 6 <= digits <= 15 or not _PHONE.fullmatch(phone):
        raise PhoneInvalid(field=field)
    return phone


def checked_address(text: str, *, field: str = "address") -> str:
    """A postal address on one or several lines. Raises AddressInvalid."""
    address = text.strip()
    lines = address.splitlines()
    if not 1 <= len(address) <= MAX_ADDRESS_LENGTH or not all(is_printable_line(line) for line in lines):
        raise AddressInvalid(field=field)
    return address


def is_printable_line(text: str) -> bool:
    """Whether the text has no control characters, line breaks, lone surrogates or changes of direction."""
    return not any(
        unicodedata.category(character) in _FORBIDDEN_CATEGORIES or character in _DIRECTION_OVERRIDES
        for character in text
    )
