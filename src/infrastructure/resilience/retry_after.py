"""The pause that an HTTP server asks for."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime


def retry_after_seconds(headers: Mapping[str, str]) -> float:
    """Retry-After in seconds, 0 without one; also when it is a moment, which is by the server's own clock."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    until, now = _moment(asked), _moment(headers.get("Date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else 0.0


def _moment(header: str) -> datetime | None:
    try:
        return parsedate_to_datetime(header).astimezone()
    except ValueError:
        return None
