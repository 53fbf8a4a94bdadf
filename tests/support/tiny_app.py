"""A small application around the real HTTP foundation, for tests of its parts."""

from collections.abc import Sequence
from typing import Any

from httpx import ASGITransport, AsyncClient
from litestar import Litestar
from litestar.di import Provide
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, ControllerRouterHandler

from interfaces.http.authentication import provide_actor
from interfaces.http.json_body import StrictRequest, check_parameters
from interfaces.http.problems import Problems

PROBLEMS = Problems("help@example.be")


def tiny_app(
    *handlers: ControllerRouterHandler,
    inner: Sequence[ASGIMiddleware] = (),
    outer: Sequence[ASGIMiddleware] = (),
    use_cases: Any = None,
) -> ASGIApp:
    """`inner` runs behind the router, `outer` around the application; the first of each is the outermost."""

    async def provide_use_cases() -> Any:
        return use_cases

    app: ASGIApp = Litestar(
        [*handlers],
        middleware=list(inner),
        request_class=StrictRequest,
        before_request=check_parameters,
        exception_handlers=PROBLEMS.exception_handlers(),
        dependencies={
            "use_cases": Provide(provide_use_cases),
            "actor": Provide(provide_actor, sync_to_thread=False),
        },
        openapi_config=None,
        logging_config=None,
    )
    for middleware in reversed(outer):
        app = middleware(app)
    return app


def client_of(app: ASGIApp) -> AsyncClient:
    """Calls the application on the test's own event loop: what the test and the handlers share may hold locks."""
    return AsyncClient(transport=ASGITransport(app), base_url="http://testserver.local")  # pyright: ignore
