"""What the cache spares the database on an ordinary day.

The trace of `benchmarks/trace.py` (10,000 caregivers; Zipf over places, services and filters; a tenth writes; signed-in
requests included) is sent to the product as it ships and to one whose cache is switched off, each over a PostgreSQL
database of its own. What is counted comes after what the product was asked in the fifteen minutes before, at the pace
given, of which searches and the front page are left out until five minutes before: so the cache is neither empty nor
older than it would be. Prints the hit rate of each kind, of public reads and of all requests, and queries and processor
time of the database for each request; and how much of that processor time remains when what is not public is sent by
itself: writes and one's own pages, which no cache spares.

A profile is saved with a new price half of the time, which shows in searches, and with a new text otherwise.

A cache that is told of no write and forgets by time alone hits as often as the trace repeats itself: that is printed,
too.

Usage: `python -m benchmarks.cache_trace [requests counted, default 4000] [requests a second, default 28: what the
product carries]`.
"""

import asyncio
import itertools
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from application.caregivers.search_caregivers import SEARCH_SECONDS
from application.caregivers.show_caregiver import PROFILE_SECONDS
from application.caregivers.show_home import HOME_SECONDS
from application.caregivers.suggest_places import PLACE_SECONDS
from benchmarks.database_cost import DatabaseCost
from benchmarks.http_cache import LIMITS, all_serving, market
from benchmarks.http_load import Served
from benchmarks.market import sign_in
from benchmarks.stack import redis_server
from benchmarks.trace import PUBLIC, Asked, Trace, changed_profile
from domain.caregivers.services import Service
from tests.support.databases import rows

CAREGIVERS, CALLERS, PLACES = 10_000, 200, 100
PACE = 28
SECRET, METRICS_TOKEN = "a secret of the benchmark's own, long enough", "a token of the benchmark's own"
AT_ONCE = 4
LIVES = {"search": SEARCH_SECONDS, "profile": PROFILE_SECONDS, "home": HOME_SECONDS, "places": PLACE_SECONDS}
# How often words repeat themselves does not depend on what they are.
PLACES_ASKED, OFFERED = [f"Place {number}" for number in range(PLACES)], [[Service.DOG_WALKING]] * CAREGIVERS


@dataclass(slots=True)
class Seen:
    """How requests were answered, and what they cost."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    failures: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    queries: float = 0.0
    cpu_seconds: float = 0.0
    own_cpu_seconds: float = 0.0

    def hit_rate(self, kinds: Sequence[str]) -> float:
        asked = sum(count for (kind, _), count in self.answers.items() if kind in kinds)
        hits = sum(count for (kind, outcome), count in self.answers.items() if kind in kinds and outcome == "hit")
        return hits / asked if asked else 0.0


def main() -> None:
    counted = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000
    pace = int(sys.argv[2]) if len(sys.argv) > 2 else PACE
    with redis_server() as redis, tempfile.TemporaryDirectory(prefix="tailtribe-bench-") as folder, market() as create:
        seen: dict[str, Seen] = {}
        for name, warm in (("uncached", False), ("whole", True)):
            url = create(CAREGIVERS, name=name)
            environment = LIMITS | {"DATABASE_URL": url, "SECRET_KEY": SECRET, "METRICS_TOKEN": METRICS_TOKEN}
            environment |= {"REDIS_URL": f"redis://127.0.0.1:{redis.port}/0", "PYTHONPATH": "src:."}
            with all_serving([name], environment, Path(folder)) as apps:
                seen[name] = asyncio.run(_sent(apps[name], url, pace, counted, warm=warm))
    _report(seen, counted)
    print(f"at {pace} requests a second a cache that is told of no write would hit {repeated(pace, counted):.1%}")


def repeated(pace: int, counted: int) -> float:
    """The share of public reads whose words were asked for within their life."""
    trace = itertools.islice(Trace(PLACES_ASKED, OFFERED, callers=CALLERS), pace * PROFILE_SECONDS + counted)
    loaded, hits = dict[str, float](), list[bool]()
    for number, asked in enumerate(trace):
        if asked.kind in LIVES:
            now, until = number / pace, loaded.get(asked.path, 0.0)
            if until <= now:
                loaded[asked.path] = now + LIVES[asked.kind]
            if number >= pace * PROFILE_SECONDS:
                hits.append(until > now)
    return sum(hits) / len(hits)


async def _sent(app: Served, url: str, pace: int, counted: int, *, warm: bool) -> Seen:
    """The same requests are counted with and without a warm-up."""
    callers = await sign_in(url, SECRET, CALLERS)
    before = pace * PROFILE_SECONDS
    trace = list(itertools.islice(ordinary_trace(url), before + counted))
    still_known = [
        asked
        for number, asked in enumerate(trace[:before])
        if (before - number) / pace <= LIVES.get(asked.kind, PROFILE_SECONDS)
    ]
    async with httpx.AsyncClient(base_url=app.address, timeout=60) as client:
        sender, cost = Sender(client, callers), DatabaseCost(url)
        if warm:
            await sender.send(still_known, Seen())
        seen = await _counted(client, sender, cost, trace[before:])
        own = [asked for asked in trace[before:] if asked.kind not in PUBLIC]
        own_seen = await _counted(client, sender, cost, own)
        seen.own_cpu_seconds, seen.failures = own_seen.cpu_seconds, seen.failures + own_seen.failures
    return seen


async def _counted(client: httpx.AsyncClient, sender: "Sender", cost: DatabaseCost, trace: Sequence[Asked]) -> Seen:
    seen = Seen()
    queries, cpu = await statements(client), cost.cpu_seconds()
    await sender.send(trace, seen)
    seen.queries, seen.cpu_seconds = await statements(client) - queries, cost.cpu_seconds() - cpu
    return seen


def ordinary_trace(url: str) -> Trace:
    """Over the market in this database."""
    places = rows(url, f"SELECT name FROM places ORDER BY population DESC LIMIT {PLACES}")
    offered = rows(url, "SELECT caregiver_id, array_agg(service) AS services FROM offers GROUP BY 1 ORDER BY 1")
    services = [[Service(service) for service in row["services"]] for row in offered]
    return Trace([place["name"] for place in places], services, callers=CALLERS)


class Sender:
    def __init__(self, client: httpx.AsyncClient, callers: Sequence[str]) -> None:
        self._client = client
        self._callers = callers
        self._saves = itertools.count()

    async def send(self, trace: Sequence[Asked], seen: Seen) -> None:
        """So many at once, in order."""
        waiting = iter(trace)

        async def work() -> None:
            for asked in waiting:
                await self._send(asked, seen)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    async def _send(self, asked: Asked, seen: Seen) -> None:
        headers = {} if asked.caller is None else {"authorization": self._callers[asked.caller]}
        body = asked.body
        if asked.kind == "change profile":
            own = await self._client.get(asked.path, headers=headers)
            body = changed_profile(own.raise_for_status().json(), next(self._saves))
        answer = await self._client.request(asked.method, asked.path, json=body, headers=headers)
        seen.answers[asked.kind, answer.headers.get("x-cache", "none")] += 1
        if answer.status_code >= 400:
            seen.failures[asked.kind, answer.status_code] += 1


async def statements(client: httpx.AsyncClient) -> float:
    """How many the database was sent so far."""
    answer = await client.get("/metrics", headers={"authorization": f"Bearer {METRICS_TOKEN}"})
    found = re.search(r"^tailtribe_db_query_seconds_count (\S+)$", answer.raise_for_status().text, re.MULTILINE)
    assert found is not None
    return float(found[1])


def _report(seen: dict[str, Seen], counted: int) -> None:
    on, off = seen["whole"], seen["uncached"]
    # A quote may be refused: nobody is in at that hour.
    assert all(kind == "quote" and status < 500 for one in (on, off) for kind, status in one.failures), on.failures
    for kind in PUBLIC:
        print(f"{kind}: {on.hit_rate([kind]):.1%} hits")
    kinds = {kind for kind, _ in on.answers}
    print(f"public reads: {on.hit_rate(PUBLIC):.1%} hits, aim 95 %; all requests: {on.hit_rate(list(kinds)):.1%}")
    for name, one in (("off", off), ("on", on)):
        whole, own = (seconds * 1000 / counted for seconds in (one.cpu_seconds, one.own_cpu_seconds))
        print(
            f"cache {name}: {one.queries / counted:.2f} queries and {whole:.2f} ms of the database a request, "
            f"{own:.2f} ms of them for writes and one's own pages"
        )
    print(
        f"queries {on.queries / off.queries:.1%}, processor time {on.cpu_seconds / off.cpu_seconds:.1%}, aim 15 %; "
        f"if all that is public hit: {on.own_cpu_seconds / off.cpu_seconds:.1%}"
    )


if __name__ == "__main__":
    main()
