"""The applications that `http_cache` compares, each served as the product is: granian, one process.

`python -m benchmarks.http_apps NAME PORT`. The bare ones send the bytes of the file BODY names, the same ones also the
headers of the file HEADERS names (JSON); the others are the product, everything on, with this or that cache (`whole` is
the product as it ships).
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server
from litestar import Litestar, Response, get
from litestar.types import ASGIApp, Receive, Scope, Send
from redis.asyncio import Redis

from application.ports.cache import Cache
from benchmarks.no_cache import NoCache
from benchmarks.no_metrics import NoMetrics
from infrastructure.cache.in_memory_cache import InMemoryCache
from infrastructure.cache.memory_level import MemoryLevel
from interfaces.bootstrap.container import Container
from interfaces.bootstrap.http import build_app, create_app
from interfaces.bootstrap.memory import spare_the_collector
from interfaces.bootstrap.production import build_parts
from interfaces.bootstrap.settings import Settings
from interfaces.bootstrap.structured_logging import configure_logging

JSON = "application/json"
KEY = "benchmark:body"


def bare_asgi() -> ASGIApp:
    return _sends({})


def same_asgi() -> ASGIApp:
    """Sends the product's whole answer: not only the page, but its headers, too."""
    return _sends(_headers_of_the_answer())


def _headers_of_the_answer() -> dict[str, str]:
    return msgspec.json.decode(Path(os.environ["HEADERS"]).read_bytes(), type=dict[str, str])


def _sends(more_headers: dict[str, str]) -> ASGIApp:
    body = Path(os.environ["BODY"]).read_bytes()
    headers = [(b"content-type", JSON.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in more_headers.items()]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # pyright: ignore[reportUnnecessaryComparison] - a lifespan is none
            await _no_lifespan(receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return app


class BareRsgi:
    """By Granian's own interface (decision 68)."""

    def __init__(self) -> None:
        self._body = Path(os.environ["BODY"]).read_bytes()
        self._headers = [("content-type", JSON), ("content-length", str(len(self._body)))]

    async def __rsgi__(self, _scope: object, protocol: Any) -> None:
        protocol.response_bytes(200, self._headers, self._body)


def bare_rsgi() -> BareRsgi:
    return BareRsgi()


async def _no_lifespan(receive: Any, send: Any) -> None:
    while True:
        kind = (await receive())["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{kind}.complete"})
        if kind == "shutdown":
            return


def bare_litestar() -> ASGIApp:
    return _handles({})


def same_litestar() -> ASGIApp:
    """As `same_asgi`."""
    return _handles(_headers_of_the_answer())


def _handles(more_headers: dict[str, str]) -> ASGIApp:
    body = Path(os.environ["BODY"]).read_bytes()

    @get("/{path:path}")
    async def handler(path: str) -> Response[Any]:
        del path
        return Response(body, media_type=JSON, headers=more_headers)

    return Litestar([handler], openapi_config=None, logging_config=None)


def bare_litestar_redis() -> ASGIApp:
    redis = Redis.from_url(os.environ["REDIS_URL"])

    @get("/{path:path}")
    async def handler(path: str) -> Response[Any]:
        del path
        return Response(await redis.get(KEY), media_type=JSON)

    @asynccontextmanager
    async def filled(_app: Litestar) -> AsyncIterator[None]:
        await redis.set(KEY, await asyncio.to_thread(Path(os.environ["BODY"]).read_bytes))
        yield
        await redis.aclose()

    return Litestar([handler], openapi_config=None, logging_config=None, lifespan=[filled])


def _product(cache_of: Any) -> ASGIApp:
    settings = Settings.read()
    configure_logging(settings.log_level)
    parts = build_parts(settings)
    cache: Cache = cache_of(settings, parts.adapters.metrics)
    return _as_shipped(build_app(settings, Container(replace(parts, adapters=replace(parts.adapters, cache=cache)))))


def _as_shipped(app: ASGIApp) -> ASGIApp:
    spare_the_collector()
    return app


def in_process() -> ASGIApp:
    return _product(lambda _settings, metrics: InMemoryCache(metrics))


def unmeasured() -> ASGIApp:
    """`in_process`, and nothing that a request does is measured."""
    settings = Settings.read()
    configure_logging(settings.log_level)
    parts, metrics = build_parts(settings), NoMetrics()
    adapters = replace(parts.adapters, cache=InMemoryCache(metrics), metrics=metrics)
    return _as_shipped(build_app(settings, Container(replace(parts, adapters=adapters))))


def over_redis() -> ASGIApp:
    """The product, whose own level has room for nothing."""
    settings = Settings.read()
    configure_logging(settings.log_level)
    return _as_shipped(build_app(settings, Container(build_parts(settings, cache_memory=MemoryLevel(max_entries=0)))))


def uncached() -> ASGIApp:
    return _product(lambda _settings, _metrics: NoCache())


def whole() -> ASGIApp:
    return create_app()


def serve(name: str, port: int) -> None:
    Server(
        f"benchmarks.http_apps:{name}",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.RSGI if name == "bare_rsgi" else Interfaces.ASGI,
        factory=True,
        workers=1,
        runtime_threads=1,
        loop=Loops.uvloop,
        log_access=False,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
