"""The OpenAPI document: what it says of the whole API, and the answers that many routes share."""

from typing import Any

import msgspec
from litestar import MediaType, Request
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Contact, SecurityRequirement, SecurityScheme

from interfaces.http.openapi_examples import with_examples
from interfaces.http.problems import MEDIA_TYPE, Problem

BEARER: list[SecurityRequirement] = [{"bearer": []}]
"""`security` of the routes that need a signed-in caller."""

_DESCRIPTION = """\
The pet-care marketplace for Belgium and the Netherlands.

Sign in at `POST /api/auth/login` and send the access token as `Authorization: Bearer …`. Unsafe routes take an
`Idempotency-Key`. Lists are paged by `nextCursor`. Errors are problem details (RFC 9457) whose `type` ends in a stable
code. Money is integer cents.
"""

_DESCRIPTIONS = {
    400: "Malformed: no JSON, or a bad Idempotency-Key",
    401: "No token, or one that is not valid any more",
    403: "Known, but not for this caller to do",
    404: "Absent, or a stranger's",
    409: "The state of things does not allow it",
    413: "The body is larger than 1 MiB",
    422: "The schema or the meaning of a field is wrong",
    429: "Too many requests; see Retry-After",
    503: "A part we depend on is away; see Retry-After",
}


class _ExampledJson(JsonRenderPlugin):
    """The document with an example at every body; made when it is first asked for."""

    _rendered: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        if self._rendered is None:
            self._rendered = msgspec.json.encode(with_examples(openapi_schema))
        return self._rendered


def openapi_config(*, version: str, support_email: str) -> OpenAPIConfig:
    """Served at `/schema`; the viewer is at `/docs`."""
    bearer = SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
    return OpenAPIConfig(
        title="TailTribe",
        version=version,
        description=_DESCRIPTION,
        contact=Contact(name="TailTribe", email=support_email),
        components=Components(security_schemes={"bearer": bearer}),
        path="/schema",
        render_plugins=[_ExampledJson(path=["/", "/openapi.json"], media_type=MediaType.JSON)],
    )


def problems_of(*statuses: int) -> dict[int, ResponseSpec]:
    """The `responses` of a handler: problem details under each status, besides what any route may answer."""
    return {
        status: ResponseSpec(Problem, generate_examples=False, description=_DESCRIPTIONS[status], media_type=MEDIA_TYPE)
        for status in sorted({*statuses, 400, 422, 429})
    }
