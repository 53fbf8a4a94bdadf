"""Opaque positions in lists: what `nextCursor` holds."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Any, TypeVar

import msgspec

from application.ports.views import InvalidCursor

T = TypeVar("T")


def encode_cursor(position: Any) -> str:
    """Any JSON-like position as text for `nextCursor`."""
    return urlsafe_b64encode(msgspec.json.encode(position)).rstrip(b"=").decode()


def decode_cursor(cursor: str, kind: type[T]) -> T:
    """The position, checked against its type. Raises InvalidCursor (field `cursor`)."""
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        return msgspec.json.decode(raw, type=kind)
    except (Base64Error, UnicodeError, ValueError):
        raise InvalidCursor(field="cursor") from None
