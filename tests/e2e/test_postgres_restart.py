"""PostgreSQL goes away and comes back under requests that leave jobs behind; what was acknowledged is done, once."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import UNLIMITED
from tests.support.databases import create_database
from tests.support.people import PASSWORD, address
from tests.support.product import ADMIN, Product, eventually, running
from tests.support.servers import PostgresProcess, postgres_binaries

REGISTERING = 3


@dataclass(slots=True)
class Registrations:
    """People who register one after the other, whatever happens, until they are told to end."""

    product: Product
    acknowledged: list[str] = field(default_factory=list[str])
    refused: list[httpx.Response] = field(default_factory=list[httpx.Response])
    odd: list[str] = field(default_factory=list[str])
    _end: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def begin(self) -> None:
        self._threads = [threading.Thread(target=self._go_on) for _ in range(REGISTERING)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _go_on(self) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{self.product.ports[0]}", timeout=120) as client:
            while not self._end.is_set():
                email = address("restart")
                try:
                    answer = client.post("/api/auth/register", json=_body(email))
                except httpx.TransportError as error:
                    self.odd.append(repr(error))
                    return
                if answer.status_code == 201:
                    self.acknowledged.append(email)
                elif answer.status_code == 503:
                    self.refused.append(answer)
                    # As long as a caller may wait at most before he is worth a test.
                    self._end.wait(min(0.2, float(answer.headers.get("retry-after", 0))))
                else:
                    self.odd.append(f"{answer.status_code} {answer.text}")


def _body(email: str) -> dict[str, str]:
    return {"email": email, "password": PASSWORD, "firstName": "An", "lastName": "Peeters", "language": "nl"}


@pytest.fixture
def postgres() -> Iterator[PostgresProcess]:
    server = PostgresProcess(postgres_binaries(), is_durable=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def product(tmp_path: Path, postgres: PostgresProcess, redis_server: str) -> Iterator[Product]:
    url = create_database(postgres.url, "restarted")
    redis_url = f"{redis_server.removesuffix('/0')}/8"
    product = Product(tmp_path, UNLIMITED | {"DATABASE_URL": url, "REDIS_URL": redis_url}, with_worker=True)
    product.command("migrate")
    yield from running(product)


def test_what_was_acknowledged_while_postgresql_was_restarted_is_done_once(
    product: Product, postgres: PostgresProcess
) -> None:
    people = Registrations(product)
    people.begin()
    try:
        for mode in ("fast", "immediate"):
            _wait_for_more(people.acknowledged, 15)
            postgres.go_away(mode)
            _wait_for_more(people.refused, 3)
            eventually(lambda: product.client().get("/api/health").status_code == 503, what="ill health")
            postgres.come_back()
            _wait_for_more(people.acknowledged, 15)
    finally:
        people.end()

    assert people.odd == []
    assert all("retry-after" in answer.headers for answer in people.refused)
    eventually(lambda: product.client().get("/api/health").status_code == 200, what="health")
    wanted = set(people.acknowledged)
    # A job whose message met no database is sent again after a minute.
    eventually(lambda: wanted <= set(_mailed(product)), seconds=240, what="the mails of the acknowledged")
    # One whose answer was lost may be there: also once.
    assert set(_mailed(product).values()) == {1}


def _wait_for_more(of: list[str] | list[httpx.Response], count: int) -> None:
    before = len(of)
    eventually(lambda: len(of) >= before + count, what=f"{count} more answers")


def _mailed(product: Product) -> Counter[str]:
    """The admin is written to about the outage itself."""
    return Counter(address for mail in product.mails() if (address := str(mail["To"])) != ADMIN[0])
