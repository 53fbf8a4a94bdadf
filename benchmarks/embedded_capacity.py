"""How much one process carries that brings everything with it: SQLite, the cache in memory, the worker inside.

The demo, and an everyday mix of requests (home, searches, a caregiver's page, own bookings, health, two kinds of
writes) at more and more a second, each for ten seconds, until p95 passes 50 ms or an answer fails. Signing in is left
out: its cost is that of the password's hash, and meant to be high. Prints every step.

Usage: `python -m benchmarks.embedded_capacity`.
"""

import tempfile
import time
from pathlib import Path

from benchmarks.stack import p95_milliseconds
from tests.support.product import ADMIN, Product
from tests.support.traffic import Traffic
from tests.support.visits import everyday_visits

STEPS = (25, 50, 75, 100, 150, 200, 250, 300, 400, 500)
STEP_SECONDS = 10.0
SETTLING_SECONDS = 2.0
MOST_MILLISECONDS = 50.0
LIMITS = {f"RATE_LIMIT_{name}_PER_MINUTE": "1000000" for name in ("API", "AUTH", "PUBLIC")}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tailtribe-bench-") as folder:
        product = Product(Path(folder), LIMITS | {"LOG_LEVEL": "WARNING"})
        product.command("migrate")
        product.command("demo")
        product.command("create-admin", "--email", ADMIN[0], stdin=ADMIN[1] + "\n")
        product.start()
        try:
            carried = _climb(product)
        finally:
            product.stop()
    print(f"carried: {carried} requests a second")


def _climb(product: Product) -> int:
    visits, carried = everyday_visits(product), 0
    del visits["login"]
    for rate in STEPS:
        with Traffic([f"http://127.0.0.1:{product.ports[0]}"], visits, per_second=rate) as traffic:
            time.sleep(SETTLING_SECONDS)
            began = time.monotonic()
            time.sleep(STEP_SECONDS)
            ended = time.monotonic()
        answers = traffic.between(began, ended)
        failures = sum(answered.is_failure for answered in answers)
        p95 = p95_milliseconds([answered.seconds for answered in answers])
        print(f"{rate:4} a second: p95 {p95:6.1f} ms, {failures} of {len(answers)} failed", flush=True)
        if failures or p95 > MOST_MILLISECONDS:
            break
        carried = rate
    return carried


if __name__ == "__main__":
    main()
