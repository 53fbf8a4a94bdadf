"""Which error gives which status, and how it is told: problem details (RFC 9457). The only status table there is."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import Scope, Send
from msgspec import UNSET, Struct, UnsetType

from application.correlation import correlation_id
from application.ports.error_log import ErrorLog
from application.ports.payment_notices import NoticeNotGenuine
from domain.accounts.sign_in import AccessTokenInvalid, AuthenticationRequired, RateLimited
from domain.shared.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFound, Unavailable
from interfaces.http.asgi_messages import UNMATCHED_ROUTE, method_of, route_of
from interfaces.http.field_errors import FieldError, field_errors_of, parameter_names

STATUS_OF_KIND: dict[type[DomainError], int] = {
    AuthenticationRequired: 401,
    NoticeNotGenuine: 400,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    InvalidInput: 422,
    RateLimited: 429,
    Unavailable: 503,
}

CODE_OF_STATUS = {
    400: "malformed-request",
    401: "authentication-required",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    408: "body-took-too-long",
    413: "body-too-large",
    422: "invalid-input",
    429: "rate-limited",
    503: "unavailable",
}

NO_NAMES: Mapping[str, str] = {}
MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "https://tailtribe.be/problems/"

_logger = structlog.stdlib.get_logger("tailtribe.problems")


class Problem(Struct, frozen=True, kw_only=True, rename="camel"):
    """What went wrong. The last segment of `type` is a stable code; `errors` names fields by their path."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    support: str
    correlation_id: str | None = None
    errors: list[FieldError] | UnsetType = UNSET


class ProblemAnswer(Struct, frozen=True):
    """A problem on its way out: the body already encoded."""

    status: int
    headers: dict[str, str]
    body: bytes


class Problems:
    """Turns errors into problem details. `support_email` is whom a caller may write to; `errors` keeps those that
    nobody expected."""

    def __init__(self, support_email: str, errors: ErrorLog | None = None) -> None:
        self._support_email = support_email
        self._errors = errors

    def exception_handlers(self) -> dict[int | type[Exception], Any]:
        """For the application: one handler for everything, so that nothing leaves in another shape."""
        return {Exception: self.respond}

    def respond(self, request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        names = parameter_names(request.scope["route_handler"]) if "route_handler" in request.scope else NO_NAMES
        answer = self._noted(request.scope, error, self.answer(error, path=_path(request.scope), names=names))
        return Response(answer.body, status_code=answer.status, headers=answer.headers, media_type=MEDIA_TYPE)

    async def send(self, scope: Scope, send: Send, error: Exception, headers: dict[str, str] | None = None) -> None:
        """For middleware that answers before the application is reached."""
        answer = self._noted(scope, error, self.answer(error, path=_path(scope)))
        all_headers = {**answer.headers, **(headers or {}), "content-type": MEDIA_TYPE}
        encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in all_headers.items()]
        encoded.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})

    def _noted(self, scope: Scope, error: Exception, answer: ProblemAnswer) -> ProblemAnswer:
        """What nobody foresaw is kept for the operators."""
        if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR and self._errors is not None:
            self._errors.note(error, place=f"{method_of(scope)} {route_of(scope) or UNMATCHED_ROUTE}")
        return answer

    def answer(self, error: Exception, *, path: str, names: Mapping[str, str] = NO_NAMES) -> ProblemAnswer:
        status, code, title, detail = _described(error)
        problem = Problem(
            type=TYPE_PREFIX + code,
            title=title,
            status=status,
            detail=detail,
            instance=path,
            support=self._support_email,
            correlation_id=correlation_id.get(),
            errors=field_errors_of(error, names) or UNSET,
        )
        return ProblemAnswer(status, _headers(error, status), msgspec.json.encode(problem))


def _described(error: Exception) -> tuple[int, str, str, str]:
    """Status, code, title and detail. What is not meant for callers is logged and told without details."""
    if isinstance(error, DomainError):
        return status_of(type(error)), error.code(), error.title, str(error)
    if isinstance(error, ValidationException):
        return 422, CODE_OF_STATUS[422], "The input is invalid", "One or more fields are invalid."
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        status = error.status_code
        return status, CODE_OF_STATUS.get(status, f"http-{status}"), HTTPStatus(status).phrase, error.detail
    _logger.error("request_failed", exc_info=error)
    return 500, "internal-error", "Something went wrong on our side", "The failure was recorded; quote correlationId."


def status_of(kind: type[DomainError]) -> int:
    return next(STATUS_OF_KIND[base] for base in kind.__mro__ if base in STATUS_OF_KIND)


def _headers(error: Exception, status: int) -> dict[str, str]:
    headers: dict[str, str] = {}
    if isinstance(error, HTTPException) and error.headers:
        headers |= error.headers
    if isinstance(error, (RateLimited, Unavailable)):
        headers["retry-after"] = str(error.retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        invalid = ', error="invalid_token"' if isinstance(error, AccessTokenInvalid) else ""
        headers["www-authenticate"] = f'Bearer realm="tailtribe"{invalid}'
    return headers


def _path(scope: Scope) -> str:
    return scope["path"]
