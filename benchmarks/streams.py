"""What 500 dashboards that are left open cost: latency of the API beside them, memory, and an end in good order.

The product over PostgreSQL and Redis with the demo in it; the first of two API processes is measured, by an everyday
mix of requests, without streams and beside them (5 % never read what comes). Then it is told to end while all are open.
Usage: `python -m benchmarks.streams [seconds with streams, default 330]`.
"""

import asyncio
import os
import signal
import sys
import time

import psutil

from application.operations.live_feed import LONGEST_SECONDS
from benchmarks.stack import p95_milliseconds, product_over, redis_server
from tests.support.people import admin
from tests.support.product import Product
from tests.support.traffic import Traffic
from tests.support.visits import everyday_visits

STREAMS = 500
STALLED = 25
CALM_SECONDS = 20.0
SETTLING_SECONDS = 5.0
REQUESTS_A_SECOND = 40.0
LIMITS = {f"RATE_LIMIT_{name}_PER_MINUTE": "1000000" for name in ("API", "AUTH", "PUBLIC")}
MEGABYTE = 1024 * 1024

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else LONGEST_SECONDS + 30
    with redis_server() as redis, product_over(redis.url, environment=LIMITS) as product:
        product.command("demo")
        asyncio.run(_measure(product, seconds))


async def _measure(product: Product, seconds: float) -> None:
    visits, token = everyday_visits(product), admin(product).client.headers["authorization"]
    # The process that answers, below its supervisor.
    server = psutil.Process(product.apis[0].pid).children()[0]
    with Traffic([f"http://127.0.0.1:{product.ports[0]}"], visits, per_second=REQUESTS_A_SECOND) as traffic:
        await asyncio.sleep(CALM_SECONDS)
        calm = time.monotonic()
        stalled = [await _open(product, token) for _ in range(STALLED)]
        reading = [asyncio.create_task(_watch(product, token)) for _ in range(STREAMS - STALLED)]
        await asyncio.sleep(SETTLING_SECONDS)
        memory, opened = server.memory_info().rss, time.monotonic()
        await asyncio.sleep(seconds)
        grown, ended = server.memory_info().rss - memory, time.monotonic()
    before = p95_milliseconds([each.seconds for each in traffic.between(calm - CALM_SECONDS, calm)])
    beside = p95_milliseconds([each.seconds for each in traffic.between(opened, ended)])
    held, more = memory / MEGABYTE, grown / MEGABYTE
    print(f"p95 of the API   {before:.1f} ms alone, {beside:.1f} ms beside {STREAMS} streams: {beside / before:.2f} ×")
    print(f"memory           {held:.0f} MB when all were open, {more:+.1f} MB after {seconds:.0f} s")
    dropped = [await _was_ended(connection) for connection in stalled]
    print(f"never read       {sum(dropped)} of {STALLED} dropped")
    told = time.monotonic()
    os.killpg(product.apis[0].pid, signal.SIGTERM)
    await asyncio.to_thread(product.apis[0].wait, 60)
    print(f"SIGTERM          ended in {time.monotonic() - told:.1f} s with {len(reading)} streams open")
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)


async def _open(product: Product, token: str) -> Connection:
    reader, writer = await asyncio.open_connection("127.0.0.1", product.ports[0])
    lines = ("GET /api/admin/stream HTTP/1.1", "Host: tailtribe", f"Authorization: {token}", "", "")
    writer.write("\r\n".join(lines).encode())
    return reader, writer


async def _watch(product: Product, token: str) -> None:
    """Reads what comes, and comes again when it is over, as a browser does."""
    while True:
        reader, writer = await _open(product, token)
        while piece := await reader.read(65_536):
            if piece.endswith(b"0\r\n\r\n"):
                break
        writer.close()


async def _was_ended(connection: Connection) -> bool:
    """Whether what had been kept for it has an end."""
    reader, writer = connection
    told = b""
    try:
        async with asyncio.timeout(3):
            while piece := await reader.read(1_000_000):
                told = told[-10:] + piece
    except TimeoutError:
        pass
    writer.close()
    return told.endswith(b"0\r\n\r\n")


if __name__ == "__main__":
    main()
