"""The few pages that people see: behind mailed links, and the viewer of the OpenAPI document. All from local files."""

from pathlib import Path

from litestar import Controller, MediaType, Response, Router, get
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router  # pyright: ignore[reportUnknownVariableType]

WEB = Path(__file__).parent
_ONE_HOUR = 3600

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
# The viewer sets inline styles and shows inline images.
_VIEWER_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class PagesController(Controller):
    """Pages without anything from the request in them: the scripts read the token from the address."""

    path = "/"
    include_in_schema = False

    @get("/verify-email", media_type=MediaType.HTML)
    async def verify_email(self) -> Response[bytes]:
        return _page("verify_email.html", _PAGE_POLICY)

    @get("/reset-password", media_type=MediaType.HTML)
    async def reset_password(self) -> Response[bytes]:
        return _page("reset_password.html", _PAGE_POLICY)

    @get("/docs", media_type=MediaType.HTML)
    async def docs(self) -> Response[bytes]:
        return _page("docs.html", _VIEWER_POLICY)


def static_files_router() -> Router:
    """Scripts, styles and images under `/static`."""
    return create_static_files_router(
        path="/static",
        directories=[WEB / "static"],
        cache_control=CacheControlHeader(public=True, max_age=_ONE_HOUR),
    )


def _page(name: str, policy: str) -> Response[bytes]:
    body = _PAGES[name]
    return Response(body, media_type=MediaType.HTML, headers={"content-security-policy": policy})


_PAGES = {path.name: path.read_bytes() for path in (WEB / "templates").glob("*.html")}
