"""Who looks at the dashboard: a browser with our cookie, and nothing that another site made it send."""

from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from application.accounts.open_dashboard import Visitor
from application.use_cases import UseCases
from domain.accounts.sign_in import AuthenticationRequired
from domain.shared.actor import Actor
from domain.shared.errors import NotAllowed
from domain.shared.languages import Language
from interfaces.http.asgi_messages import method_of
from interfaces.http.json_body import HttpRequest

COOKIE = "tailtribe_admin"
LANGUAGE_COOKIE = "tailtribe_language"
# `none`: the visitor himself, by reloading a page.
_OUR_SITE = ("same-origin", "none")
_LONGEST_COOKIE_SECONDS = 12 * 3600


class OtherSite(NotAllowed):
    title = "The request came from another site"


class SignInFirst(AuthenticationRequired):
    """A page: the browser is led to the sign-in."""


async def provide_visitor(request: HttpRequest, use_cases: NamedDependency[UseCases]) -> Visitor:
    """Who the cookie stands for. Raises SignInFirst."""
    token = request.cookies.get(COOKIE)
    visitor = None if token is None else await use_cases.dashboard_visitor.execute(token=token)
    if visitor is None:
        raise SignInFirst
    return visitor


async def provide_admin(request: HttpRequest, use_cases: NamedDependency[UseCases]) -> Actor:
    """The admin of the cookie. Raises SignInFirst."""
    return (await provide_visitor(request, use_cases)).admin


def provide_language(request: HttpRequest) -> Language:
    """That of the cookie, else the first of Accept-Language that we speak, else Dutch."""
    wanted = [request.cookies.get(LANGUAGE_COOKIE, ""), *request.headers.get("accept-language", "").split(",")]
    known = {language.value: language for language in Language}
    spoken = (known.get(one.partition(";")[0].strip()[:2].lower()) for one in wanted)
    return next((language for language in spoken if language is not None), Language.NL)


def same_site_only(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard for what changes something; the cookie is SameSite=Strict as well. Browsers say where a request comes
    from (Fetch Metadata, W3C); of those that do not, the origin must be ours. Raises OtherSite."""
    if method_of(connection.scope) in ("GET", "HEAD"):
        return
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin") or ""
    is_ours = urlsplit(origin).netloc == connection.headers.get("host") if site is None else site in _OUR_SITE
    if not is_ours:
        raise OtherSite


def signed_in_cookie(token: str, *, https_only: bool) -> Cookie:
    return Cookie(
        key=COOKIE,
        value=token,
        path="/admin",
        max_age=_LONGEST_COOKIE_SECONDS,
        httponly=True,
        samesite="strict",
        secure=https_only,
    )


def no_cookie() -> Cookie:
    return Cookie(key=COOKIE, value="", path="/admin", max_age=0, httponly=True, samesite="strict")


def is_htmx(request: Request[Any, Any, Any]) -> bool:
    """Whether a part of a page is wanted rather than all of it."""
    return request.headers.get("hx-request") == "true"
