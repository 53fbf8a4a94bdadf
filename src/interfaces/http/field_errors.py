"""Which field is wrong, said by its camelCase path: `offers[0].price.amountCents`."""

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec
from litestar.exceptions import ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.params import ParameterKwarg
from msgspec import UNSET, Struct, UnsetType

from domain.shared.errors import InvalidInput


class FieldError(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is wrong with a field; without `field`, with the whole body."""

    detail: str
    field: str | UnsetType = UNSET


class BodyInvalid(InvalidInput):
    """The body is JSON, but not what the route takes."""

    title = "The body does not fit the schema"


_AT_PATH = re.compile(r"^(?P<detail>.*?)(?: - at `(?P<in_key>key in )?\$\.?(?P<path>.*)`)?$", re.DOTALL)
_NAMED_FIELD = re.compile(r"(?:missing required|contains unknown) field `(?P<name>[^`]+)`")
_MISSING_PARAMETER = re.compile(r"^Missing required \w+ parameter '(?P<name>[^']+)'")


def body_invalid(error: msgspec.ValidationError) -> BodyInvalid:
    """msgspec's message with its path taken apart; a missing or unknown field is named itself, not its parent."""
    match = _AT_PATH.match(str(error))
    path, detail = (match["path"] or "", match["detail"]) if match else ("", str(error))
    if named := _NAMED_FIELD.search(detail):
        path = f"{path}.{named['name']}" if path else named["name"]
    return BodyInvalid(detail, field=path or None)


def field_errors_of(error: Exception, names: Mapping[str, str]) -> list[FieldError]:
    """The fields an error names; `names` are those of `parameter_names`."""
    if isinstance(error, InvalidInput):
        return [] if error.field is None else [FieldError(field=error.field, detail=str(error))]
    if isinstance(error, ValidationException):
        return _of_parameters(error, names)
    return []


def camel(name: str) -> str:
    """`min_price_cents` → `minPriceCents`"""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _of_parameters(error: ValidationException, names: Mapping[str, str]) -> list[FieldError]:
    if missing := _MISSING_PARAMETER.match(error.detail):
        return [FieldError(field=missing["name"], detail="This parameter is required")]
    messages = error.extra if isinstance(error.extra, list) else []
    return [_of_message(message, names) for message in messages]


def _of_message(message: dict[str, str], names: Mapping[str, str]) -> FieldError:
    key = message.get("key", "")
    if key == "data":
        return FieldError(detail="A JSON body is required")
    if not key:
        return FieldError(detail=message["message"])
    return FieldError(field=names.get(key, camel(key)), detail=message["message"])


@lru_cache(maxsize=512)
def parameter_names(handler: BaseRouteHandler) -> Mapping[str, str]:
    """Python's name of each parameter of a handler → what a client calls it."""
    names: dict[str, str] = {}
    for name, parameter in handler.parsed_fn_signature.parameters.items():
        definition = parameter.kwarg_definition
        alias = definition.name if isinstance(definition, ParameterKwarg) else None
        names[name] = alias or name
    return names
