"""What a call of each kind costs: processor time of API and database, and statements.

The kinds of `benchmarks/trace.py`, one after the other, three calls at once, to one API process over PostgreSQL with
10,000 caregivers and Redis. Reads that the cache may answer are told apart: asked for the first time, asked for again
by nobody, and by somebody who is signed in. What follows from a write in the background counts for its kind; every
second quote is followed by a booking, and who changes his profile reads it first. The figures can be compared with
those of another run on the same machine; that others use it as well adds to all of them alike.

Usage: `python -m benchmarks.call_costs [calls of each kind, default 300]`.
"""

import asyncio
import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

from benchmarks.cache_trace import CALLERS, CAREGIVERS, METRICS_TOKEN, SECRET, ordinary_trace, statements
from benchmarks.database_cost import DatabaseCost
from benchmarks.http_cache import LIMITS, all_serving, market
from benchmarks.http_load import Served
from benchmarks.load_calls import Calls
from benchmarks.market import sign_in
from benchmarks.stack import redis_server
from benchmarks.trace import PUBLIC, SHARES, Asked
from tests.support.traffic import Answered

AT_ONCE = 3
# Connections are opened and statements prepared before anything counts.
WARM_UP = 20


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with redis_server() as redis, tempfile.TemporaryDirectory(prefix="tailtribe-bench-") as folder, market() as create:
        url = create(CAREGIVERS)
        environment = LIMITS | {"DATABASE_URL": url, "SECRET_KEY": SECRET, "METRICS_TOKEN": METRICS_TOKEN}
        environment |= {"REDIS_URL": redis.url, "LOG_LEVEL": "WARNING", "PYTHONPATH": "src:."}
        with all_serving(["whole"], environment, Path(folder)) as apps:
            asyncio.run(_costs(apps["whole"], url, count))


async def _costs(app: Served, url: str, count: int) -> None:
    callers, answers, database = await sign_in(url, SECRET, CALLERS), list[Answered](), DatabaseCost(url)
    of_kinds = _by_kind(iter(ordinary_trace(url)), WARM_UP + 3 * count)
    async with Calls(app.address, callers, answers) as calls, httpx.AsyncClient(base_url=app.address) as client:
        for asked in of_kinds.values():
            await _make(calls, asked[:WARM_UP])
        for kind, asked in of_kinds.items():
            for label, some in _told_apart(kind, asked[WARM_UP:], count):
                before = app.cpu_seconds(), database.cpu_seconds(), await statements(client)
                await _make(calls, some)
                after = app.cpu_seconds(), database.cpu_seconds(), await statements(client)
                api, stored, sent = ((now - then) / len(some) for now, then in zip(after, before, strict=True))
                print(
                    f"{label:24} API {1000 * api:6.2f} ms, database {1000 * stored:5.2f} ms, statements {sent:5.2f}",
                    flush=True,
                )
    assert not any(answered.is_failure for answered in answers)


def _by_kind(trace: Iterator[Asked], count: int) -> dict[str, list[Asked]]:
    found: dict[str, list[Asked]] = {kind: [] for kind in SHARES}
    for asked in trace:
        if len(found[asked.kind]) < count:
            found[asked.kind].append(asked)
        if all(len(of_kind) == count for of_kind in found.values()):
            break
    return found


def _told_apart(kind: str, asked: Sequence[Asked], count: int) -> Iterator[tuple[str, list[Asked]]]:
    if kind not in PUBLIC:
        yield kind, list(asked[:count])
        return
    first = list({one.path: one for one in asked}.values())[:count]
    paths = {one.path for one in first}
    again = [one for one in asked if one.path in paths]
    yield f"{kind}, first", first
    yield f"{kind}, again", list(itertools.islice((one for one in again if one.caller is None), count))
    yield f"{kind}, again, signed in", list(itertools.islice((one for one in again if one.caller is not None), count))


async def _make(calls: Calls, asked: Sequence[Asked]) -> None:
    waiting = iter(asked)

    async def work() -> None:
        for one in waiting:
            await calls.make(one)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


if __name__ == "__main__":
    main()
