"""How much faster the cache answers, as ratios of medians of alternating rounds.

One process on one core, everything on (metrics, limits, entity tags, correlation ids), 32 connections that ask again at
once, over PostgreSQL with 10,000 caregivers and Redis. `whole` is the product as it ships, which has what is asked for
at hand; `over_redis` has no room for it. First a search of 8 kB (twelve caregivers; twenty would be 14 kB) against bare
applications that send the same page (one of them by Granian's own interface, to see what ASGI costs) and against those
that send the very same bytes, the fifteen headers of the answer included; then home, search and a profile from each
level against the cache switched off; then what a miss costs more than no cache, over 100,000.

Usage: `python -m benchmarks.http_cache [rounds, default 5] [seconds of each, default 3]`.
"""

import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from benchmarks.http_load import Pace, Served, pace, serving
from benchmarks.market import caregiver_id, fill
from benchmarks.stack import redis_server
from infrastructure.persistence.database import database_url
from infrastructure.persistence.migrations import migrate
from tests.support.databases import create_database
from tests.support.servers import PostgresProcess, postgres_binaries

SEARCH = "/api/caregivers?place=Brussel&radiusKm=10&service=dog_walking&limit=12"
ROUTES = {"home": "/api/home", "search": SEARCH, "profile": f"/api/caregivers/{caregiver_id(7)}"}
# Counted, unlike the 0 that switches a limit off, and out of reach.
LIMITS: dict[str, str] = {f"RATE_LIMIT_{name}_PER_MINUTE": "100000000" for name in ("API", "AUTH", "PUBLIC")}
MISSES = 200

Paces = dict[str, Pace]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 3.0
    with redis_server() as redis, tempfile.TemporaryDirectory(prefix="tailtribe-bench-") as folder, market() as create:
        environment = LIMITS | {"REDIS_URL": f"redis://127.0.0.1:{redis.port}/0", "PYTHONPATH": "src:."}
        small = environment | {"DATABASE_URL": create(10_000)}
        against_bare(Path(folder), small, rounds, seconds)
        against_uncached(Path(folder), small, rounds, seconds)
        misses(Path(folder), environment | {"DATABASE_URL": create(100_000)})


@contextmanager
def market() -> Iterator["Create"]:
    postgres = PostgresProcess(postgres_binaries())
    try:
        yield Create(postgres.start())
    finally:
        postgres.stop()


class Create:
    """Migrated databases with so many caregivers."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url

    def __call__(self, caregivers: int, *, name: str = "market") -> str:
        url = create_database(self._admin_url, f"{name}{caregivers}")
        asyncio.run(migrate(database_url(url, Path())))
        fill(url, caregivers)
        return url


def against_bare(folder: Path, environment: dict[str, str], rounds: int, seconds: float) -> None:
    body, headers = folder / "body.json", folder / "headers.json"
    bare = ["bare_asgi", "bare_rsgi", "bare_litestar", "bare_litestar_redis", "same_asgi", "same_litestar"]
    with all_serving(["whole"], environment, folder) as apps:
        answer = httpx.get(apps["whole"].address + SEARCH, headers={"accept-encoding": "identity"})
        body.write_bytes(answer.raise_for_status().content)
        of_the_server = ("content-type", "content-length", "date", "server")
        headers.write_text(json.dumps({name: at for name, at in answer.headers.items() if name not in of_the_server}))
    given = {"BODY": str(body), "HEADERS": str(headers)}
    with all_serving([*bare, "whole", "over_redis"], environment | given, folder) as apps:
        paces = measured(apps, SEARCH, rounds, seconds)
    print(f"A page of {body.stat().st_size} bytes: {told(paces)}")
    for ours, theirs, least in (
        ("whole", "bare_asgi", 0.5),
        ("whole", "same_asgi", 0.5),
        ("whole", "bare_litestar", 1.5),
        ("whole", "same_litestar", 1.5),
        ("over_redis", "bare_litestar_redis", 1.2),
    ):
        print(f"{ours} / {theirs}: {ratio(paces[ours], paces[theirs])}, at least {least}", flush=True)
    for other in ("bare_asgi", "bare_rsgi"):
        print(f"{other} / bare_litestar: {ratio(paces[other], paces['bare_litestar'])}", flush=True)


def against_uncached(folder: Path, environment: dict[str, str], rounds: int, seconds: float) -> None:
    names = ["whole", "over_redis", "uncached"]
    with all_serving(names, environment, folder) as apps:
        for kind, path in ROUTES.items():
            paces = measured(apps, path, rounds, seconds)
            ratios = [f"{name} {ratio(paces[name], paces['uncached'])}" for name in names[:2]]
            print(f"{kind} / uncached: {', '.join(ratios)}, at least 10 ({told(paces)})", flush=True)


def misses(folder: Path, environment: dict[str, str]) -> None:
    """The same search from a different point each time, so that it is always loaded, in turns. Not by `whole`: it would
    find in Redis what the other has just loaded."""
    names = ["in_process", "over_redis", "uncached"]
    took: dict[str, list[float]] = {name: [] for name in names}
    with all_serving(names, environment, folder) as apps, httpx.Client() as client:
        for number in range(MISSES + 10):
            point = f"lat={50.5 + number // 20 * 0.03:.2f}&lng={4.0 + number % 20 * 0.03:.2f}"
            for name in names:
                answer = client.get(f"{apps[name].address}/api/caregivers?{point}&radiusKm=30").raise_for_status()
                assert answer.headers["x-cache"] == "miss"
                if number >= 10:
                    took[name].append(answer.elapsed.total_seconds())
    medians = {name: statistics.median(seconds) * 1000 for name, seconds in took.items()}
    for name in names[:2]:
        times = medians[name] / medians["uncached"]
        print(f"a miss among 100,000, {name}: {medians[name]:.1f} ms, {times:.2f} × switched off, at most 1.1")


@contextmanager
def all_serving(names: Sequence[str], environment: dict[str, str], folder: Path) -> Iterator[dict[str, Served]]:
    with ExitStack() as stack:
        apps: dict[str, Served] = {}
        for name in names:
            of_its_own = environment | {"DATA_DIR": str(folder / f"data-{name}")}
            apps[name] = stack.enter_context(serving(name, of_its_own, folder / f"{name}.log"))
        yield apps


def measured(apps: dict[str, Served], path: str, rounds: int, seconds: float) -> Paces:
    """The medians of the rounds, taken in turns: whatever else the machine does, it does to all."""
    seen: dict[str, list[Pace]] = {name: [] for name in apps}
    for _ in range(rounds):
        for name, app in apps.items():
            httpx.get(app.address + path).raise_for_status()
            seen[name].append(pace(app, path, seconds))
    return {
        name: Pace(
            statistics.median(pace.per_second for pace in paces),
            statistics.median(pace.per_cpu_second for pace in paces),
        )
        for name, paces in seen.items()
    }


def ratio(ours: Pace, theirs: Pace) -> str:
    by_cpu = ours.per_cpu_second / theirs.per_cpu_second
    return f"{ours.per_second / theirs.per_second:.2f} ({by_cpu:.2f} by processor time)"


def told(paces: Paces) -> str:
    each = (f"{name} {pace.per_second:,.0f} ({pace.per_cpu_second:,.0f})" for name, pace in paces.items())
    return "requests a second (of processor time): " + ", ".join(each)


if __name__ == "__main__":
    main()
