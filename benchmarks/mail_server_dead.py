"""What requests notice of a mail server that is dead or hangs: nothing.

Two API processes and a worker over PostgreSQL and Redis. In turns the mail server is well, refuses connections, and
takes them and says nothing; each time the same day is lived, half of it through either process: somebody registers and
asks for a booking (both cause a mail) and looks at home, a search and his bookings. Every phase begins with the breaker
closed, so that the dead ones hold the failures that open it as well as the rest that follows. Prints p95 of the
requests that cause mails and of the reads, and the ratio to that of the well server.

Usage: `python -m benchmarks.mail_server_dead [rounds, default 6]`.
"""

import itertools
import sys
import time
from collections import defaultdict
from collections.abc import Callable

import httpx

from benchmarks.stack import p95_milliseconds, product_over, redis_server
from tests.e2e.conftest import UNLIMITED
from tests.support.mail_server import MailServer
from tests.support.people import PASSWORD, address, admin, caregiver, local, pet, quote, request_body, someone
from tests.support.product import Product, eventually, ok

ROUNDS = 6
DAYS_A_PHASE = 40
MOST_RATIO = 1.1
CAUSES_MAIL, READS = "requests that cause a mail", "reads"
READ_PATHS = ("/api/home", "/api/caregivers?place=Gent", "/api/bookings")

Taken = dict[tuple[str, str], list[float]]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    mail_server = MailServer()
    mail_server.be_well()
    shape = {"mail_server": mail_server, "worker_threads": 16}
    try:
        with redis_server() as redis, product_over(redis.url, environment=UNLIMITED, **shape) as product:
            _report(_measure(product, mail_server, rounds))
    finally:
        mail_server.close()


def _measure(product: Product, mail_server: MailServer, rounds: int) -> Taken:
    town, taken = _Town(product), Taken(defaultdict(list))
    behaviours: dict[str, Callable[[], None]] = {
        "well": mail_server.be_well,
        "dead": mail_server.be_dead,
        "hung": mail_server.hang,
    }
    orders = itertools.cycle(itertools.permutations(behaviours))
    town.live({}, "warm")
    for order in itertools.islice(orders, rounds):
        for state in order:
            mail_server.be_well()
            town.reset_breaker()
            behaviours[state]()
            for _ in range(DAYS_A_PHASE):
                town.live(taken, state)
    return taken


class _Town:
    """One caregiver who is asked by everybody."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._admin = admin(product)
        self._sitter = caregiver(product, "bart@tailtribe.example", maxAnimalsAtOnce=10)
        self._owner = someone(product, "an@tailtribe.example")
        self._pets = [pet(self._owner)]
        self._slots = ((day, hour) for day in range(3, 170) for hour in range(8, 20))
        self._processes = itertools.cycle([product.client(at).base_url for at in range(product.api_processes)])

    def live(self, taken: Taken, state: str) -> None:
        day, hour = next(self._slots)
        client = self._owner.client
        client.base_url = next(self._processes)
        quoted = quote(self._owner, self._sitter.id, self._pets, startAt=local(day, hour), endAt=local(day, hour + 1))
        body = {"email": address("new"), "password": PASSWORD, "firstName": "An", "lastName": "Peeters"}
        times = taken.setdefault((CAUSES_MAIL, state), [])
        times.append(_seconds(lambda: client.post("/api/auth/register", json=body), 201))
        times.append(_seconds(lambda: client.post("/api/bookings", json=request_body(quoted["id"])), 201))
        times = taken.setdefault((READS, state), [])
        times += [_seconds(lambda path=path: client.get(path), 200) for path in READ_PATHS]

    def reset_breaker(self) -> None:
        """And waits until every API process knows."""
        client = self._admin.client
        ok(client.post("/api/admin/circuit-breakers", json={"action": "reset", "breaker": "email"}))

        def is_closed() -> bool:
            listed = ok(client.get("/api/admin/circuit-breakers"))["items"]
            return all(item["state"] == "closed" for item in listed if item["name"] == "email")

        for at in range(self._product.api_processes):
            client.base_url = self._product.client(at).base_url
            eventually(is_closed, what="the closing")


def _seconds(ask: Callable[[], httpx.Response], status: int) -> float:
    started = time.perf_counter()
    answer = ask()
    seconds = time.perf_counter() - started
    ok(answer, status)
    return seconds


def _report(taken: Taken) -> None:
    for kind in (CAUSES_MAIL, READS):
        well = p95_milliseconds(taken[kind, "well"])
        print(f"{kind}, mail server well: p95 {well:.1f} ms ({len(taken[kind, 'well'])} requests)")
        for state in ("dead", "hung"):
            p95 = p95_milliseconds(taken[kind, state])
            print(f"{kind}, mail server {state}: p95 {p95:.1f} ms, ratio {p95 / well:.2f}, at most {MOST_RATIO}")


if __name__ == "__main__":
    main()
