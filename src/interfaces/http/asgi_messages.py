"""Reading ASGI scopes and changing headers of ASGI messages without building objects."""

import re
from collections.abc import Iterable
from typing import Any, cast

from litestar.types import Message, Scope

UNMATCHED_ROUTE = "unmatched"
RawHeader = tuple[bytes, bytes]
RawHeaders = Iterable[RawHeader]
_SLASHES = re.compile("/{2,}")


def header(scope: Scope, name: bytes) -> str | None:
    """The first value of a request header; `name` in lower case."""
    value = raw_header(scope, name)
    return None if value is None else value.decode("latin-1")


def raw_header(scope: Scope, name: bytes) -> bytes | None:
    for key, value in scope["headers"]:
        if key == name:
            return value
    return None


def state_of(scope: Scope) -> dict[str, Any]:
    """What our middleware notes about a request; made when the server gives none."""
    return cast("dict[str, Any]", scope).setdefault("state", {})


def method_of(scope: Scope) -> str:
    return str(cast("dict[str, Any]", scope)["method"])


def route_of(scope: Scope) -> str | None:
    """The template of the route, known once the router has run: `/api/bookings/{booking_id}`."""
    return cast("dict[str, Any]", scope).get("path_template")


def add_headers(message: Message, headers: RawHeaders) -> None:
    """Adds to a response's start; whatever else passes through unchanged."""
    if message["type"] == "http.response.start":
        message["headers"] = [*message["headers"], *headers]


def add_missing_headers(message: Message, headers: RawHeaders) -> None:
    """Adds those to a response's start that it does not have yet."""
    if message["type"] == "http.response.start":
        present = {name.lower() for name, _ in message["headers"]}
        message["headers"] = [*message["headers"], *(pair for pair in headers if pair[0] not in present)]


def tidied_path(scope: Scope) -> str:
    """The router takes repeated slashes for one; for other layers they must not make another path of it."""
    return _SLASHES.sub("/", scope["path"])
