"""Redis refuses, hangs, is slow or was restarted: no route fails, and everything is as before when it is back."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.databases import create_database, drop_database
from tests.support.faulty_proxy import FaultyProxy
from tests.support.people import caregiver, local, pet, quote, request, someone
from tests.support.product import Product, eventually, ok, running
from tests.support.servers import RedisProcess
from tests.support.traffic import Traffic
from tests.support.visits import everyday_visits

# Counted, unlike the 0 that switches a limit off, and out of reach.
LIMITS = {f"RATE_LIMIT_{name}_PER_MINUTE": "1000000" for name in ("API", "AUTH", "PUBLIC")}
REQUESTS_A_SECOND = 20.0
ANSWERS_DURING_A_FAULT = 100
# Not how fast it is, which `benchmarks/redis_faults.py` measures, but that nobody waits for Redis.
GENEROUS_SECONDS = 30.0
# A machine that is slower than this traffic has less of it, not a queue that grows.
AT_ONCE = 20


@pytest.fixture
def proxy(redis_process: RedisProcess) -> Iterator[FaultyProxy]:
    with FaultyProxy(redis_process.port) as proxy:
        yield proxy


@pytest.fixture
def own_product(tmp_path: Path, postgres_server: str, postgres_template: str, proxy: FaultyProxy) -> Iterator[Product]:
    name = f"redis_faults_{uuid4().hex[:8]}"
    url = create_database(postgres_server, name, template=postgres_template)
    environment = LIMITS | {"DATABASE_URL": url, "REDIS_URL": f"redis://127.0.0.1:{proxy.port}/0"}
    yield from running(Product(tmp_path, environment, api_processes=2, with_worker=True))
    drop_database(postgres_server, name)


def _cache_states(product: Product) -> set[str]:
    """What each API process says of its cache."""
    return {
        ok(product.client(at).get("/api/health"))["checks"]["cache"]["status"] for at in range(product.api_processes)
    }


def _hits(product: Product, at: int) -> bool:
    """Whether a page comes from the cache."""
    return product.client(at).get("/api/home").headers["x-cache"] == "hit"


def test_no_route_fails_whatever_redis_does(
    own_product: Product, proxy: FaultyProxy, redis_process: RedisProcess
) -> None:
    product = own_product
    visits = everyday_visits(product)
    sitter, owner = caregiver(product, "mia@tailtribe.example"), someone(product, "jef@tailtribe.example")
    pets, days = [pet(owner)], count(3)

    def book() -> None:
        day = next(days)
        request(owner, quote(owner, sitter.id, pets, startAt=local(day, 9), endAt=local(day, 10))["id"])

    faults: list[tuple[Callable[[], None], Callable[[], object]]] = [
        (proxy.refuse, proxy.forward),
        (proxy.hang, proxy.forward),
        (lambda: proxy.forward(delay_milliseconds=40), proxy.forward),
        (redis_process.stop, redis_process.start),
    ]
    addresses = [f"http://127.0.0.1:{port}" for port in product.ports]
    with Traffic(addresses, visits, per_second=REQUESTS_A_SECOND, at_once=AT_ONCE) as traffic:
        for begin, end in faults:
            begin()
            seen = len(traffic.answers)
            eventually(lambda: _cache_states(product) == {"degraded"}, what="the fault being noticed")
            book()
            eventually(lambda seen=seen: len(traffic.answers) > seen + ANSWERS_DURING_A_FAULT, what="the traffic")
            end()
            eventually(lambda: _cache_states(product) == {"healthy"}, what="the end being noticed")
            for at in range(product.api_processes):
                eventually(lambda at=at: _hits(product, at), what="hits")
    assert [answered for answered in traffic.answers if answered.is_failure] == []
    assert [answered for answered in traffic.answers if answered.seconds > GENEROUS_SECONDS] == []
    # Verify, welcome, approved, and the requests: the worker lives on, and no job was lost.
    eventually(
        lambda: len(product.mails_to(sitter.person.email)) == 3 + len(faults), seconds=240, what="the mails of the day"
    )
