"""A small application around the real HTTP foundation, for tests of its parts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.middleware import ASGIMiddleware
from litestar.testing import AsyncTestClient
from litestar.types import ASGIApp, ControllerRouterHandler

from interfaces.http.authentication import provide_actor
from interfaces.http.json_body import StrictRequest, refuse_unstorable_parameters
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
        before_request=refuse_unstorable_parameters,
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


@asynccontextmanager
async def client_of(app: ASGIApp) -> AsyncIterator[AsyncTestClient[Any]]:
    async with AsyncTestClient(app) as client:
        yield client
