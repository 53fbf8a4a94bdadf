"""An example for every body of the OpenAPI document, made from the schemas themselves: it cannot fall out of step."""

from collections.abc import Mapping
from typing import Any, cast

_BY_FORMAT = {
    "uuid": "01890a5d-ac96-774b-bcce-b302099a8057",
    "date-time": "2026-12-01T09:00:00Z",
    "date": "2026-12-01",
    "email": "an@example.be",
}
_BY_NAME = {
    "accessToken": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTg5In0.c2lnbmF0dXJl",
    "answerUntil": "2026-11-30T09:00:00Z",
    "birthDate": "2021-05-04",
    "clientSecret": "sbx_pay_01890a5d_secret",
    "currency": "EUR",
    "displayName": "An P.",
    "endAt": "2026-12-01T10:00:00Z",
    "firstName": "An",
    "lastName": "Peeters",
    "month": "2026-12",
    "nextCursor": None,
    "provider": "sandbox",
    "timeZone": "Europe/Brussels",
}
_DEEPEST = 8

Schema = Mapping[str, Any]


def with_examples(document: dict[str, Any]) -> dict[str, Any]:
    """The document with an `example` at every JSON body it describes."""
    schemas: Mapping[str, Schema] = document.get("components", {}).get("schemas", {})
    for path in document.get("paths", {}).values():
        for operation in path.values():
            for content in _contents(operation):
                schema = content.get("schema")
                if schema and "example" not in content and "examples" not in content:
                    content["example"] = example_of(schema, schemas)
    return document


def example_of(schema: Schema, schemas: Mapping[str, Schema], *, name: str = "", depth: int = 0) -> Any:
    """One value that the schema describes; `name` is that of the property it stands under."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas, name=name, depth=depth + 1)
    for given in ("examples", "enum"):
        if schema.get(given):
            return schema[given][0]
    if "const" in schema:
        return schema["const"]
    if name in _BY_NAME:
        return _BY_NAME[name]
    for choice in ("oneOf", "anyOf", "allOf"):
        if choice in schema:
            return example_of(schema[choice][0], schemas, name=name, depth=depth + 1)
    return _of_type(schema, schemas, name=name, depth=depth)


def _of_type(schema: Schema, schemas: Mapping[str, Schema], *, name: str, depth: int) -> Any:
    match schema.get("type"):
        case "object":
            return _object(schema, schemas, depth)
        case "array":
            item = schema.get("items")
            return [] if item is None or depth > _DEEPEST else [example_of(item, schemas, depth=depth + 1)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case "string":
            return _BY_FORMAT.get(schema.get("format", ""), name or "text")
        case _:
            return None


def _object(schema: Schema, schemas: Mapping[str, Schema], depth: int) -> dict[str, Any]:
    properties = cast("Mapping[str, Schema]", schema.get("properties", {}))
    return {key: example_of(value, schemas, name=key, depth=depth + 1) for key, value in properties.items()}


def _contents(operation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The JSON contents of the request and of every answer."""
    bodies = [operation.get("requestBody", {}), *operation.get("responses", {}).values()]
    contents = [body.get("content", {}) for body in bodies]
    return [content for media in contents for kind, content in media.items() if kind.endswith("json")]
