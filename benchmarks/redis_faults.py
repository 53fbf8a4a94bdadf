"""What requests notice of a Redis that refuses, hangs or is slow.

Two API processes and a worker over PostgreSQL, and over a Redis behind a proxy, with the demo in it. A steady mix of
routes (home, searches, a caregiver's page, signing in, own bookings, health, a write that invalidates) goes on all the
time, while Redis is well, has a fault for some seconds, and is well again, one fault after the other. Prints for each:
answers that failed (5xx or none), p95 just before the fault, in the first second after it and from then on.

Usage: `python -m benchmarks.redis_faults [seconds of each fault, default 15]`.
"""

import sys
import time
from collections.abc import Callable

from benchmarks.stack import p95_milliseconds, product_over, redis_server
from tests.support.faulty_proxy import FaultyProxy
from tests.support.product import Product
from tests.support.traffic import Traffic
from tests.support.visits import everyday_visits

FAULT_SECONDS = 15.0
BETWEEN_SECONDS = 10.0
CALM_SECONDS = 4.0
REQUESTS_A_SECOND = 40.0
MOST_MILLISECONDS = 100.0
# Counted, unlike the 0 that switches a limit off, and out of reach.
LIMITS = {f"RATE_LIMIT_{name}_PER_MINUTE": "1000000" for name in ("API", "AUTH", "PUBLIC")}


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else FAULT_SECONDS
    with (
        redis_server() as redis,
        FaultyProxy(redis.port) as proxy,
        product_over(f"redis://127.0.0.1:{proxy.port}/0", environment=LIMITS) as product,
    ):
        product.command("demo")
        _measure(product, proxy, seconds)


def _measure(product: Product, proxy: FaultyProxy, seconds: float) -> None:
    faults: dict[str, Callable[[], None]] = {
        "refused": proxy.refuse,
        "hung": proxy.hang,
        "slow, 10 ms": lambda: proxy.forward(delay_milliseconds=5),
        "slow, 20 ms": lambda: proxy.forward(delay_milliseconds=10),
        "slow, 40 ms": lambda: proxy.forward(delay_milliseconds=20),
        "slow, 60 ms": lambda: proxy.forward(delay_milliseconds=30),
        "slow, 90 ms": lambda: proxy.forward(delay_milliseconds=45),
    }
    addresses = [f"http://127.0.0.1:{port}" for port in product.ports]
    with Traffic(addresses, everyday_visits(product), per_second=REQUESTS_A_SECOND) as traffic:
        time.sleep(BETWEEN_SECONDS)
        for name, begin in faults.items():
            begin()
            begun = time.monotonic()
            time.sleep(seconds)
            _report(name, traffic, begun, time.monotonic())
            proxy.forward()
            time.sleep(BETWEEN_SECONDS)


def _report(name: str, traffic: Traffic, begun: float, ended: float) -> None:
    """The seconds of calm just before show what else the machine was busy with."""
    calm = traffic.between(begun - CALM_SECONDS, begun)
    first, after = traffic.between(begun, begun + 1), traffic.between(begun + 1, ended)
    failures = sum(answered.is_failure for answered in first + after)
    p95s = [p95_milliseconds([answered.seconds for answered in some]) for some in (calm, first, after)]
    print(
        f"Redis {name:12} {failures} failed of {len(first + after)}, p95 before {p95s[0]:.0f} ms, "
        f"first second {p95s[1]:.0f} ms, after {p95s[2]:.0f} ms, at most {MOST_MILLISECONDS:.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
