"""Ten times the product's load, and Redis killed in the middle of it.

278 calls a second (open model: a call comes when it is due, however slow the answers) of the trace of
`benchmarks/trace.py`, every second quote followed by a booking, over two API processes and a worker, PostgreSQL with
10,000 caregivers, and Redis, all on this machine. Redis is killed half-way and comes back after a tenth of the time;
at four fifths an admin empties the whole cache. Prints p95 of all calls, the share that failed (5xx or none), the
processor time that each part took for a call, and p95 of home, search and my bookings:

- uncached: one after the other, to a process without a cache;
- cold: the first ten seconds of processes that have answered nothing yet; nothing is in the cache but the front page,
  which each loads as it starts. The database has answered the uncached calls before;
- warm, while Redis is dead, and after its return;
- emptied: the ten seconds after everything was forgotten, the front page as well.

The trace is made before the first call; how late calls began, at the worst, tells whether the generator kept up.

Usage: `python -m benchmarks.load [minutes, default 5] [calls a second, default 278]`.
"""

import asyncio
import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from benchmarks.cache_trace import CALLERS, CAREGIVERS, SECRET, ordinary_trace
from benchmarks.http_cache import LIMITS, all_serving
from benchmarks.lean_http import LeanHttp
from benchmarks.load_calls import Calls
from benchmarks.market import account_id, sign_in
from benchmarks.processor_time import ProcessorTime
from benchmarks.stack import p95_milliseconds, product_over, redis_server
from benchmarks.trace import PUBLIC, Asked
from tests.support.databases import rows
from tests.support.product import Product
from tests.support.servers import RedisProcess
from tests.support.traffic import Answered

CALLS_A_SECOND = 278.0
COLD_SECONDS = 10.0
MOST_MILLISECONDS = {"home": 50, "search": 80, "bookings": 60}
MOST_OF_ALL_MILLISECONDS = 50
UNCACHED_CALLS = 60
# The number of the caller who is an admin as well.
OPERATOR = 0


@dataclass(slots=True)
class Phases:
    """When each began, in time.monotonic, how late the latest call was (seconds), and what all of it took."""

    began: float = 0.0
    killed: float = 0.0
    back: float = 0.0
    emptied: float = 0.0
    latest: float = 0.0
    busy_share: float = 0.0
    processor_seconds: dict[str, float] = field(default_factory=dict[str, float])
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    answers: list[Answered] = field(default_factory=list[Answered])

    def between(self, begin: float, end: float) -> list[Answered]:
        return [answered for answered in self.answers if begin <= answered.at < end]


def main() -> None:
    seconds = (float(sys.argv[1]) if len(sys.argv) > 1 else 5.0) * 60
    rate = float(sys.argv[2]) if len(sys.argv) > 2 else CALLS_A_SECOND
    with redis_server() as redis:
        environment = LIMITS | {"SECRET_KEY": SECRET}
        address = f"redis://127.0.0.1:{redis.port}/0"
        with product_over(address, environment=environment, caregivers=CAREGIVERS) as product:
            url = product.environment["DATABASE_URL"]
            rows(url, f"UPDATE accounts SET is_admin = true WHERE id = '{account_id(OPERATOR)}' RETURNING id")
            trace = iter(ordinary_trace(url))
            uncached = _uncached(product, trace)
            of_all = list(itertools.islice(trace, round(rate * seconds)))
            phases = uvloop.run(_loaded(product, redis, of_all, seconds, rate))
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
    answers, left = list[Answered](), dict.fromkeys(MOST_MILLISECONDS, UNCACHED_CALLS)
    async with Calls(address, callers, answers) as calls:
        for asked in trace:
            if left.get(asked.kind):
                left[asked.kind] -= 1
                await calls.make(asked)
            if not any(left.values()):
                break
    return answers


async def _loaded(product: Product, redis: RedisProcess, trace: Sequence[Asked], seconds: float, rate: float) -> Phases:
    callers = await sign_in(product.environment["DATABASE_URL"], SECRET, CALLERS, again=True)
    phases, took = Phases(began=time.monotonic()), ProcessorTime(product)
    async with AsyncExitStack() as stack:
        addresses = [f"http://127.0.0.1:{port}" for port in product.ports]
        clients = [await stack.enter_async_context(Calls(at, callers, phases.answers)) for at in addresses]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_kill_and_revive(redis, phases, seconds))
            tasks.create_task(_empty_cache(addresses[0], callers[OPERATOR], phases, seconds))
            for number, (asked, client) in enumerate(zip(trace, itertools.cycle(clients), strict=False)):
                due = phases.began + number / rate
                await asyncio.sleep(due - time.monotonic())
                phases.latest = max(phases.latest, time.monotonic() - due)
                tasks.create_task(client.make(asked))
    phases.processor_seconds, phases.busy_share = took.so_far(), took.busy_share()
    phases.outcomes = sum((client.outcomes for client in clients), Counter[tuple[str, str]]())
    return phases


async def _kill_and_revive(redis: RedisProcess, phases: Phases, seconds: float) -> None:
    await asyncio.sleep(seconds / 2)
    phases.killed = time.monotonic()
    await asyncio.to_thread(redis.stop)
    await asyncio.sleep(seconds / 10)
    await asyncio.to_thread(redis.start)
    phases.back = time.monotonic()


async def _empty_cache(address: str, operator: str, phases: Phases, seconds: float) -> None:
    await asyncio.sleep(seconds * 4 / 5)
    phases.emptied = time.monotonic()
    async with LeanHttp(address) as client:
        emptied = await client.request("POST", "/api/admin/cache/clear", None, {"authorization": operator})
    assert emptied.status == 204, emptied.status


def _report(phases: Phases, uncached: Sequence[Answered]) -> None:
    failed = sum(answered.is_failure for answered in phases.answers)
    share = failed / len(phases.answers)
    p95 = p95_milliseconds([answered.seconds for answered in phases.answers])
    print(f"{len(phases.answers)} calls: p95 {p95:.0f} ms, at most {MOST_OF_ALL_MILLISECONDS}; {share:.3%} failed")
    of_parts = (f"{part} {1000 * took / len(phases.answers):.2f}" for part, took in phases.processor_seconds.items())
    print(f"processor time in ms for each call: {', '.join(of_parts)}; the machine was busy {phases.busy_share:.0%}")
    hits = {kind: phases.outcomes[kind, "hit"] for kind in PUBLIC}
    asked = {kind: sum(count for (of, _), count in phases.outcomes.items() if of == kind) for kind in PUBLIC}
    rates = (f"{kind} {hits[kind] / asked[kind]:.1%}" for kind in PUBLIC)
    print(f"hits of public reads {sum(hits.values()) / sum(asked.values()):.1%}: {', '.join(rates)}")
    print(f"the latest call began {phases.latest * 1000:.0f} ms after its time")
    warm = phases.began + COLD_SECONDS
    columns = {
        "uncached": uncached,
        "cold": phases.between(phases.began, warm),
        "warm": phases.between(warm, phases.killed),
        "Redis dead": phases.between(phases.killed, phases.back),
        "back": phases.between(phases.back, phases.emptied),
        "emptied": phases.between(phases.emptied, phases.emptied + COLD_SECONDS),
    }
    for kind, most in MOST_MILLISECONDS.items():
        p95s = (f"{name} {_p95(answers, kind)}" for name, answers in columns.items())
        print(f"{kind}: p95 in ms {', '.join(p95s)}, at most {most}", flush=True)
    kinds = dict.fromkeys(answered.route for answered in phases.answers)
    print("warm, by kind: " + ", ".join(f"{kind} {_p95(columns['warm'], kind)}" for kind in kinds))


def _p95(answers: Sequence[Answered], kind: str) -> str:
    seconds = [answered.seconds for answered in answers if answered.route == kind]
    return f"{p95_milliseconds(seconds):.0f}" if len(seconds) > 1 else "–"


if __name__ == "__main__":
    main()
