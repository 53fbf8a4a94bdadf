"""Ten times the product's load, and Redis killed in the middle of it.

278 calls a second (open model: a call comes when it is due, however slow the answers) of the trace of
`benchmarks/trace.py`, every second quote followed by a booking, over two API processes and a worker, PostgreSQL with
10,000 caregivers, and Redis, all on this machine. The cache is empty at first; Redis is killed half-way and comes back
after a tenth of the time. Prints p95 of all calls, the share that failed (5xx or none), and p95 of home, search and my
bookings: uncached (one after the other, to a process without a cache), cold, warm, and while Redis is dead.

Usage: `python -m benchmarks.load [minutes, default 5]`.
"""

import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from benchmarks.cache_trace import CALLERS, CAREGIVERS, SECRET, ordinary_trace
from benchmarks.http_cache import LIMITS, all_serving
from benchmarks.market import fill, sign_in
from benchmarks.stack import p95_milliseconds, product_over, redis_server
from benchmarks.trace import Asked, changed_profile
from tests.support.product import Product
from tests.support.servers import RedisProcess
from tests.support.traffic import NO_ANSWER, Answered

CALLS_A_SECOND = 278.0
COLD_SECONDS = 10.0
MOST_MILLISECONDS = {"home": 50, "search": 80, "bookings": 60}
MOST_OF_ALL_MILLISECONDS = 50
UNCACHED_CALLS = 60


@dataclass(slots=True)
class Phases:
    """When each began, in time.monotonic."""

    began: float = 0.0
    killed: float = 0.0
    back: float = 0.0
    answers: list[Answered] = field(default_factory=list[Answered])

    def between(self, begin: float, end: float) -> list[Answered]:
        return [answered for answered in self.answers if begin <= answered.at < end]


def main() -> None:
    seconds = (float(sys.argv[1]) if len(sys.argv) > 1 else 5.0) * 60
    with redis_server() as redis:
        environment = LIMITS | {"SECRET_KEY": SECRET}
        with product_over(f"redis://127.0.0.1:{redis.port}/0", environment=environment) as product:
            url = product.environment["DATABASE_URL"]
            fill(url, CAREGIVERS)
            trace = iter(ordinary_trace(url))
            uncached = _uncached(product, trace)
            phases = asyncio.run(_loaded(product, redis, trace, seconds))
    _report(phases, uncached)


def _uncached(product: Product, trace: Iterator[Asked]) -> list[Answered]:
    environment = product.environment | {"PYTHONPATH": "src:."}
    with (
        tempfile.TemporaryDirectory(prefix="tailtribe-bench-") as folder,
        all_serving(["uncached"], environment, Path(folder)) as apps,
    ):
        return asyncio.run(_one_by_one(apps["uncached"].address, product, trace))


async def _one_by_one(address: str, product: Product, trace: Iterator[Asked]) -> list[Answered]:
    callers = await sign_in(product.environment["DATABASE_URL"], SECRET, CALLERS)
    phases, left = Phases(), dict.fromkeys(MOST_MILLISECONDS, UNCACHED_CALLS)
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        for asked in trace:
            if left.get(asked.kind):
                left[asked.kind] -= 1
                await _call(client, asked, callers, phases)
            if not any(left.values()):
                break
    return phases.answers


async def _loaded(product: Product, redis: RedisProcess, trace: Iterator[Asked], seconds: float) -> Phases:
    callers = await sign_in(product.environment["DATABASE_URL"], SECRET, CALLERS, again=True)
    phases = Phases(began=time.monotonic())
    clients = [httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) for port in product.ports]
    steer = asyncio.create_task(_kill_and_revive(redis, phases, seconds))
    async with asyncio.TaskGroup() as calls:
        for number, client in enumerate(itertools.cycle(clients)):
            due = phases.began + number / CALLS_A_SECOND
            if due > phases.began + seconds:
                break
            await asyncio.sleep(due - time.monotonic())
            calls.create_task(_call(client, next(trace), callers, phases))
    await steer
    for client in clients:
        await client.aclose()
    return phases


async def _kill_and_revive(redis: RedisProcess, phases: Phases, seconds: float) -> None:
    await asyncio.sleep(seconds / 2)
    phases.killed = time.monotonic()
    await asyncio.to_thread(redis.stop)
    await asyncio.sleep(seconds / 10)
    await asyncio.to_thread(redis.start)
    phases.back = time.monotonic()


async def _call(client: httpx.AsyncClient, asked: Asked, callers: Sequence[str], phases: Phases) -> None:
    headers = {} if asked.caller is None else {"authorization": callers[asked.caller]}
    if asked.kind == "change profile":
        asked = replace(asked, body=await changed_profile(client, headers, len(phases.answers)))
    answer = await _timed(client, asked.kind, asked, headers, phases)
    if answer is not None and answer.status_code == 201 and asked.kind == "quote" and len(phases.answers) % 2:
        body = {"quoteId": answer.json()["id"], "emergencyContact": {"name": "Jan", "phone": "+32 470 12 34 56"}}
        await _timed(client, "book", Asked("book", "POST", "/api/bookings", body), headers, phases)


async def _timed(
    client: httpx.AsyncClient, kind: str, asked: Asked, headers: dict[str, str], phases: Phases
) -> httpx.Response | None:
    at, answer = time.monotonic(), None
    try:
        answer = await client.request(asked.method, asked.path, json=asked.body, headers=headers)
    except httpx.TransportError:
        status = NO_ANSWER
    else:
        status = answer.status_code
    phases.answers.append(Answered(route=kind, at=at, seconds=time.monotonic() - at, status=status))
    return answer


def _report(phases: Phases, uncached: Sequence[Answered]) -> None:
    failed = sum(answered.is_failure for answered in phases.answers)
    share = failed / len(phases.answers)
    p95 = p95_milliseconds([answered.seconds for answered in phases.answers])
    print(f"{len(phases.answers)} calls: p95 {p95:.0f} ms, at most {MOST_OF_ALL_MILLISECONDS}; {share:.3%} failed")
    warm = phases.began + COLD_SECONDS
    columns = {
        "uncached": uncached,
        "cold": phases.between(phases.began, warm),
        "warm": phases.between(warm, phases.killed),
        "Redis dead": phases.between(phases.killed, phases.back),
        "back": phases.between(phases.back, float("inf")),
    }
    for kind, most in MOST_MILLISECONDS.items():
        p95s = (
            f"{name} {p95_milliseconds([one.seconds for one in answers if one.route == kind]):.0f}"
            for name, answers in columns.items()
        )
        print(f"{kind}: p95 in ms {', '.join(p95s)}, at most {most}", flush=True)


if __name__ == "__main__":
    main()
