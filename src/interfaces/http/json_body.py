"""Reading requests strictly: one decoding straight into the route's type, and no text that cannot be stored."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import ClientException
from litestar.handlers import BaseRouteHandler

from domain.shared.errors import InvalidInput
from interfaces.http.field_errors import body_invalid, camel, parameter_names

HttpRequest = Request[Any, Any, State]

_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_DEPTH = 100
_LONGEST_NAME = 80


class NoInput(msgspec.Struct, forbid_unknown_fields=True):
    """The body of an action that takes none: `{}`, or nothing at all (`data: JSONBody[NoInput | None] = None`)."""


class MalformedJson(ClientException):
    """400: what was sent is no JSON."""


class TextNotStorable(InvalidInput):
    title = "NUL characters and lone surrogates are refused"


class StrictRequest(HttpRequest):
    """Decodes a JSON body into the type the handler declares; numbers in strings, instants as numbers are refused."""

    async def json(self) -> Any:
        """Raises MalformedJson, BodyInvalid or TextNotStorable."""
        field = self.route_handler.parsed_data_field
        return decoded_body(await self.body(), Any if field is None else field.annotation)


class UnknownParameter(InvalidInput):
    title = "The route takes no such query parameter"


async def check_parameters(request: HttpRequest) -> None:
    """To run before every handler. Raises TextNotStorable or UnknownParameter naming the parameter."""
    if "\0" in request.scope["path"]:
        names = (name for name, value in request.path_params.items() if "\0" in str(value))
        raise TextNotStorable(field=camel(next(names, "path")))
    if b"%00" in request.scope["query_string"] or b"\0" in request.scope["query_string"]:
        for name, value in request.query_params.multi_items():
            if "\0" in name or "\0" in value:
                raise TextNotStorable(field=name.replace("\0", ""))
    # Pages take what links bring along; the routes of the API take what they declare.
    if request.scope["query_string"] and request.scope["path"].startswith("/api/"):
        known = _query_names(request.route_handler)
        for name in request.query_params:
            if name not in known:
                raise UnknownParameter(field=name[:_LONGEST_NAME])


def _query_names(handler: BaseRouteHandler) -> frozenset[str]:
    """What the handler's parameters are called in a query; a word too many does no harm."""
    return frozenset(parameter_names(handler).values())


def decoded_body(body: bytes, body_type: Any) -> Any:
    try:
        value = _decoder(body_type).decode(body)
    except msgspec.ValidationError as error:
        _refuse_unstorable(body)
        raise body_invalid(error) from None
    except UnicodeDecodeError:
        raise MalformedJson("The body is not UTF-8.") from None
    except RecursionError:
        raise MalformedJson("The body is nested too deeply.") from None
    except msgspec.DecodeError as error:
        _refuse_unstorable(body)
        raise MalformedJson(f"The body is not JSON: {error}.") from None
    if b"\\u0000" in body:
        _refuse_unstorable(body)
    return value


@lru_cache(maxsize=512)
def _decoder(body_type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(body_type)


def _refuse_unstorable(body: bytes) -> None:
    """Finds the field by the standard library's decoder, which lets pass what msgspec refuses without naming it."""
    if b"\\u0000" not in body and not _SURROGATE_ESCAPE.search(body):
        return
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    for path in _unstorable_paths(value, "", 0):
        raise TextNotStorable(field=path or None)


def _unstorable_paths(value: object, path: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, str):
        if "\0" in value or _SURROGATE.search(value):
            yield path
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            yield from _unstorable_paths(item, f"{path}[{index}]", depth + 1)
    elif isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            if "\0" in key or _SURROGATE.search(key):
                yield path
            yield from _unstorable_paths(item, f"{path}.{key}" if path else key, depth + 1)
