"""The dashboard's pages: the overview, jobs, caregivers who wait, and the door before them."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, MediaType, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException, ValidationException
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Stream
from msgspec import Meta, Struct

from application.accounts.open_dashboard import Visitor
from application.cursors import decode_cursor, encode_cursor
from application.ports.job_queries import JobFilter
from application.use_cases import UseCases
from domain.accounts.sign_in import AuthenticationRequired, RateLimited
from domain.caregivers.caregiver_profile import CaregiverStatus
from domain.operations.job import JobStatus, QueueName
from domain.shared.actor import Actor
from domain.shared.errors import DomainError, NotAllowed, Unavailable
from domain.shared.languages import Language
from interfaces.http.json_body import HttpRequest
from interfaces.http.live_stream import EVENT_STREAM
from interfaces.http.operations import ShuttingDown
from interfaces.http.problems import status_of
from interfaces.http.stalled_clients import DropStalledClients
from interfaces.web.admin_stream import RenderedFeed
from interfaces.web.admin_views import AdminViews
from interfaces.web.admin_visitors import (
    COOKIE,
    LANGUAGE_COOKIE,
    SignInFirst,
    is_htmx,
    no_cookie,
    provide_admin,
    provide_language,
    provide_visitor,
    same_site_only,
    signed_in_cookie,
)

SIGN_IN = "/admin/sign-in"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_UNREADABLE = "The input is invalid"
_PAGE_SIZE = 50
_ONE_YEAR = 365 * 24 * 3600

VIEWS = AdminViews()
_rendered = RenderedFeed(VIEWS)


class SignInForm(Struct, frozen=True, kw_only=True):
    email: Annotated[str, Meta(min_length=3, max_length=254)]
    password: Annotated[str, Meta(min_length=1, max_length=128)]


def page(name: str, language: Language, *, status_code: int = 200, **values: Any) -> Response[bytes]:
    return Response(
        VIEWS.page(name, language, **values),
        status_code=status_code,
        media_type=MediaType.HTML,
        headers={"content-security-policy": _POLICY},
    )


def ask_to_sign_in(request: Request[Any, Any, Any], _error: SignInFirst) -> Response[Any]:
    """A part of a page leads the whole page there."""
    if is_htmx(request):
        return Response(b"", status_code=204, headers={"hx-redirect": SIGN_IN})
    return Redirect(SIGN_IN, status_code=303)


def tell_refusal(request: Request[Any, Any, Any], error: DomainError) -> Response[Any]:
    """Into the line for messages, or as a page of its own."""
    language, status = provide_language(request), status_of(type(error))
    name = "parts/refusal" if is_htmx(request) else "refusal"
    answer = page(name, language, status_code=status, title=error.title, detail=str(error))
    answer.headers |= {"hx-retarget": "#message", "hx-reswap": "innerHTML"}
    return answer


def tell_unreadable(request: Request[Any, Any, Any], error: ClientException) -> Response[Any]:
    """A form or an address that no page of ours sends."""
    name = "parts/refusal" if is_htmx(request) else "refusal"
    status = _status_of_unreadable(error)
    return page(name, provide_language(request), status_code=status, title=_UNREADABLE, detail="")


def ask_for_a_readable_sign_in(request: Request[Any, Any, Any], error: ClientException) -> Response[Any]:
    status = _status_of_unreadable(error)
    return page("sign_in", provide_language(request), status_code=status, email="", refusal=_UNREADABLE)


def _status_of_unreadable(error: ClientException) -> int:
    """That of the problem it would be under `/api`."""
    return 422 if isinstance(error, ValidationException) else error.status_code


DOOR_HANDLERS: dict[int | type[Exception], Any] = {ClientException: ask_for_a_readable_sign_in}
HANDLERS: dict[int | type[Exception], Any] = {
    SignInFirst: ask_to_sign_in,
    DomainError: tell_refusal,
    ClientException: tell_unreadable,
}


class SignInController(Controller):
    path = SIGN_IN
    include_in_schema = False
    exception_handlers = DOOR_HANDLERS
    guards = [same_site_only]  # noqa: RUF012 - Litestar's way to declare it
    dependencies = {"language": Provide(provide_language, sync_to_thread=False)}  # noqa: RUF012

    @get()
    async def show(self, language: NamedDependency[Language]) -> Response[bytes]:
        return page("sign_in", language, email="", refusal=None)

    @post(status_code=303)
    async def sign_in(
        self,
        request: HttpRequest,
        use_cases: NamedDependency[UseCases],
        language: NamedDependency[Language],
        data: Annotated[SignInForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    ) -> Response[Any]:
        try:
            token = await _token(use_cases, data)
        except (AuthenticationRequired, NotAllowed, RateLimited, Unavailable) as error:
            status = status_of(type(error))
            return page("sign_in", language, status_code=status, email=data.email, refusal=str(error))
        https_only = request.app.state.https_only
        return Redirect("/admin", status_code=303, cookies=[signed_in_cookie(token, https_only=https_only)])


async def _token(use_cases: UseCases, form: SignInForm) -> str:
    signed_in = await use_cases.log_in.execute(email=form.email, password=form.password)
    try:
        return await use_cases.open_dashboard.execute(access_token=signed_in.access_token)
    except NotAllowed:
        await use_cases.log_out.execute(refresh_token=signed_in.refresh_token)
        raise


class AdminController(Controller):
    path = "/admin"
    include_in_schema = False
    guards = [same_site_only]  # noqa: RUF012 - Litestar's way to declare it
    exception_handlers = HANDLERS
    dependencies = {  # noqa: RUF012
        "admin": Provide(provide_admin),
        "visitor": Provide(provide_visitor),
        "language": Provide(provide_language, sync_to_thread=False),
    }

    @get()
    async def overview(
        self, use_cases: NamedDependency[UseCases], admin: NamedDependency[Actor], language: NamedDependency[Language]
    ) -> Response[bytes]:
        """Complete as it comes; from then on the stream changes it."""
        del admin
        views = use_cases.live_feed.views()
        try:
            view = await anext(views, None)
        finally:
            await views.aclose()
        if view is None:
            raise ShuttingDown
        return page("overview", language, here="overview", view=view)

    @get("/stream", media_type=EVENT_STREAM, middleware=[DropStalledClients()])
    async def stream(
        self,
        use_cases: NamedDependency[UseCases],
        visitor: NamedDependency[Visitor],
        language: NamedDependency[Language],
    ) -> Stream:
        views = use_cases.live_feed.views(visitor.session_id)
        return Stream(_rendered.events(views, language), media_type=EVENT_STREAM)

    @get("/jobs")
    async def jobs(
        self,
        use_cases: NamedDependency[UseCases],
        admin: NamedDependency[Actor],
        language: NamedDependency[Language],
        status: FromQuery[JobStatus] = JobStatus.DEAD,
        queue: FromQuery[QueueName | None] = None,
        cursor: FromQuery[str | None] = None,
    ) -> Response[bytes]:
        del admin
        after = None if cursor is None else decode_cursor(cursor, UUID)
        wanted = JobFilter(status=status, queue=queue)
        items, last = await use_cases.job_queries.jobs(wanted, limit=_PAGE_SIZE, after=after)
        more = None if last is None else encode_cursor(last)
        return page(
            "jobs",
            language,
            here="jobs",
            jobs=items,
            queues=await use_cases.show_queues.execute(),
            status=status,
            statuses=list(JobStatus),
            more=more,
        )

    @get("/caregivers")
    async def caregivers(
        self, use_cases: NamedDependency[UseCases], admin: NamedDependency[Actor], language: NamedDependency[Language]
    ) -> Response[bytes]:
        del admin
        pending = CaregiverStatus.PENDING
        waiting, _ = await use_cases.caregiver_queries.submissions(pending, limit=_PAGE_SIZE, after=None)
        return page("caregivers", language, here="caregivers", waiting=waiting)

    @post("/language/{chosen:str}", status_code=303)
    async def choose_language(self, request: HttpRequest, chosen: FromPath[str]) -> Redirect:
        language = Language(chosen) if chosen in set(Language) else Language.NL
        answer = Redirect("/admin", status_code=303)
        answer.set_cookie(
            key=LANGUAGE_COOKIE,
            value=language.value,
            path="/admin",
            max_age=_ONE_YEAR,
            samesite="strict",
            httponly=True,
            secure=request.app.state.https_only,
        )
        return answer

    @post("/sign-out", status_code=303)
    async def sign_out(self, request: HttpRequest, use_cases: NamedDependency[UseCases]) -> Redirect:
        await use_cases.close_dashboard.execute(token=request.cookies.get(COOKIE, ""))
        return Redirect(SIGN_IN, status_code=303, cookies=[no_cookie()])
