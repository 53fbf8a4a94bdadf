"""A mail server that is dead or hangs is nobody's trouble: requests go on, mails wait, and all arrive by themselves.

One test for both troubles: the breaker rests for a minute, and nobody should wait for that twice.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.conftest import UNLIMITED
from tests.support.databases import create_database, drop_database, rows
from tests.support.mail_server import MailServer
from tests.support.people import Caregiver, Person, admin, caregiver, local, pet, quote, request, someone
from tests.support.product import Product, eventually, ok
from tests.support.product import running as running_product
from tests.support.servers import RedisProcess

# The breaker rests for so long at most, and mails that it refuses wait for its end; whatever a busy machine adds.
REST_SECONDS = 60
RECOVERY_SECONDS = 240.0
FAILURES_TO_OPEN = 5


@pytest.fixture
def own_product(
    tmp_path: Path, postgres_server: str, postgres_template: str, redis_process: RedisProcess, mail_server: MailServer
) -> Iterator[Product]:
    # Of its own down to Redis: an open breaker is told to every process that uses the same one.
    name = f"mail_dead_{uuid4().hex[:8]}"
    url = create_database(postgres_server, name, template=postgres_template)
    environment = UNLIMITED | {"DATABASE_URL": url, "REDIS_URL": redis_process.url}
    product = Product(
        tmp_path, environment, api_processes=2, with_worker=True, worker_threads=16, mail_server=mail_server
    )
    yield from running_product(product)
    drop_database(postgres_server, name)


class Town:
    """An owner, a caregiver and what they do all day: each request for a booking is a mail."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.sitter: Caregiver = caregiver(product, "bart@tailtribe.example")
        self.owner: Person = someone(product, "an@tailtribe.example")
        self.pets = [pet(self.owner)]
        self.admin = admin(product)
        self._booked = 0

    def ask_for_bookings(self, number: int) -> list[str]:
        """Through one API process and the other; the reads of a day in between."""
        asked: list[str] = []
        for _ in range(number):
            self.owner.client.base_url = self.product.client(self._booked % 2).base_url
            times = {"startAt": local(3 + self._booked, 9), "endAt": local(3 + self._booked, 10)}
            asked.append(request(self.owner, quote(self.owner, self.sitter.id, self.pets, **times)["id"])["id"])
            for path in ("/api/home", "/api/caregivers?place=Gent", "/api/bookings"):
                ok(self.owner.client.get(path))
            self._booked += 1
        return asked

    def breaker_states(self) -> set[str]:
        """Of the breaker of mail, as each API process sees it."""
        states: set[str] = set()
        for at in range(self.product.api_processes):
            self.admin.client.base_url = self.product.client(at).base_url
            listed = ok(self.admin.client.get("/api/admin/circuit-breakers"))["items"]
            states |= {item["state"] for item in listed if item["name"] == "email"}
        return states

    def await_breaker(self, state: str) -> None:
        eventually(lambda: self.breaker_states() == {state}, what=f"the breaker being {state}")

    def reset_breaker(self) -> None:
        body = {"action": "reset", "breaker": "email"}
        ok(self.admin.client.post("/api/admin/circuit-breakers", json=body))
        self.await_breaker("closed")

    def mail_jobs(self, booking_ids: list[str] | None = None) -> list[dict[str, Any]]:
        """The records of all mails, or of those about these bookings."""
        url = self.product.environment["DATABASE_URL"]
        found = rows(url, "SELECT *, payload ->> 'booking_id' AS booking_id FROM jobs WHERE kind = 'mail.send'")
        return [job for job in found if booking_ids is None or job["booking_id"] in booking_ids]

    def alert_mails(self) -> list[dict[str, Any]]:
        """To the admin, about the breaker: the end of an outage waits for its beginning."""
        return rows(self.product.environment["DATABASE_URL"], "SELECT * FROM jobs WHERE kind = 'alerts.mail'")


def _postponed(town: Town, booking_ids: list[str]) -> bool:
    """Whether every one of these mails was refused by the open breaker, and waits."""
    jobs = town.mail_jobs(booking_ids)
    return len(jobs) == len(booking_ids) and all(
        job["started_at"] is not None and job["status"] == "queued" and job["attempts"] == 0 for job in jobs
    )


def _each_mail_came_once(town: Town, mail_server: MailServer) -> bool:
    wanted = [f"<{job['id']}@tailtribe.be>" for job in [*town.mail_jobs(), *town.alert_mails()]]
    return Counter(mail["Message-ID"] for mail in mail_server.mails()) == Counter(wanted)


def test_mails_wait_for_a_dead_or_hung_server_and_arrive_once(own_product: Product, mail_server: MailServer) -> None:
    town = Town(own_product)
    eventually(lambda: all(job["status"] == "succeeded" for job in town.mail_jobs()), what="the mails before")

    mail_server.hang()
    tried_in_vain = town.ask_for_bookings(FAILURES_TO_OPEN)
    town.await_breaker("open")
    assert mail_server.visits_while_hung >= FAILURES_TO_OPEN
    # A refusal of the open breaker is no try.
    refused_while_hung = town.ask_for_bookings(4)
    eventually(lambda: _postponed(town, refused_while_hung), what="the postponement")

    # A dead server is found out at once: the breaker is open again before the first of those is due.
    mail_server.be_dead()
    town.reset_breaker()
    tried_in_vain += town.ask_for_bookings(FAILURES_TO_OPEN)
    town.await_breaker("open")
    tried = town.mail_jobs(tried_in_vain) + town.alert_mails()
    assert sum(job["attempts"] for job in tried) >= 2 * FAILURES_TO_OPEN
    refused_while_dead = town.ask_for_bookings(4)
    eventually(lambda: _postponed(town, refused_while_dead), what="the postponement")

    mail_server.be_well()
    refused = refused_while_hung + refused_while_dead
    longest = max(job["run_at"] for job in town.mail_jobs(refused)) - datetime.now(UTC)
    assert longest < timedelta(seconds=REST_SECONDS + 1)
    eventually(
        lambda: all(job["status"] == "succeeded" for job in town.mail_jobs()),
        seconds=RECOVERY_SECONDS,
        what="the recovery",
    )
    town.await_breaker("closed")
    assert [job["attempts"] for job in town.mail_jobs(refused)] == [1] * 8
    # Mails of alerts come when they come.
    eventually(lambda: _each_mail_came_once(town, mail_server), seconds=RECOVERY_SECONDS, what="each mail once")
    # Verify, welcome, approved, and every request.
    assert len(own_product.mails_to(town.sitter.person.email)) == 3 + 2 * FAILURES_TO_OPEN + 8
