"""What measuring costs: a request's measurements against the loop around them, and a bare handler with and without the
middleware that measures, side by side in one run; then the product's cheapest cached route over HTTP with measuring
and without, in turns, pushes to Redis included.

Usage: `python -m benchmarks.metrics_overhead [rounds, default 5] [seconds of each over HTTP, default 3]`.
"""

import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

from litestar.types import Receive, Scope, Send

from benchmarks.http_cache import LIMITS, ROUTES, all_serving, market, measured, ratio, told
from benchmarks.stack import redis_server
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from interfaces.bootstrap.structured_logging import configure_logging
from interfaces.http.request_metrics import RequestMetrics

REQUESTS = 20_000


async def _answer(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})  # pyright: ignore
    await send({"type": "http.response.body", "body": b"x" * 7_700, "more_body": False})


async def _microseconds(app: object) -> float:
    async def receive() -> object:
        return {"type": "http.disconnect"}

    async def send(_message: object) -> None: ...

    scope = {"type": "http", "method": "GET", "path": "/api/home", "path_template": "/api/home", "headers": []}
    started = time.perf_counter()
    for _ in range(REQUESTS):
        await app(dict(scope), receive, send)  # pyright: ignore
    return (time.perf_counter() - started) / REQUESTS * 1e6


def _recording() -> float:
    metrics = InMemoryMetrics()
    started = time.perf_counter()
    for _ in range(REQUESTS):
        metrics.request_finished(route="/api/home", method="GET", status=200, seconds=0.0123)
    return (time.perf_counter() - started) / REQUESTS * 1e6


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    asyncio.run(_in_process(rounds))
    _over_http(rounds, float(sys.argv[2]) if len(sys.argv) > 2 else 3.0)


def _over_http(rounds: int, seconds: float) -> None:
    with redis_server() as redis, tempfile.TemporaryDirectory(prefix="tailtribe-bench-") as folder, market() as create:
        environment = LIMITS | {"REDIS_URL": f"redis://127.0.0.1:{redis.port}/0", "PYTHONPATH": "src:."}
        environment["DATABASE_URL"] = create(1_000)
        with all_serving(["in_process", "unmeasured"], environment, Path(folder)) as apps:
            paces = measured(apps, ROUTES["home"], rounds, seconds)
    on, off = paces["in_process"], paces["unmeasured"]
    print(f"home, measured / unmeasured: {ratio(on, off)}, at least 0.95 ({told(paces)})")


async def _in_process(rounds: int) -> None:
    configure_logging("WARNING")
    logging.getLogger("tailtribe").setLevel(logging.WARNING)
    with_metrics = RequestMetrics(InMemoryMetrics())(_answer)  # pyright: ignore
    best = {"recording": min(_recording() for _ in range(rounds))}
    best["bare"] = min([await _microseconds(_answer) for _ in range(rounds)])
    best["measured"] = min([await _microseconds(with_metrics) for _ in range(rounds)])
    for name, microseconds in best.items():
        print(f"{name:<10} {microseconds:6.2f} µs")


if __name__ == "__main__":
    main()
