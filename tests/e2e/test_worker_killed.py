"""A worker that dies at the worst moment loses no mail and doubles none."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.conftest import UNLIMITED
from tests.support.databases import create_database, drop_database
from tests.support.mail_server import SilentServer
from tests.support.people import booking, caregiver, pet, quote, request, someone
from tests.support.product import PATIENCE_SECONDS, Product, eventually, running, text_of


@pytest.fixture
def silent_server() -> Iterator[SilentServer]:
    server = SilentServer()
    yield server
    server.close()


@pytest.fixture
def own_product(tmp_path: Path, postgres_server: str, postgres_template: str, redis_server: str) -> Iterator[Product]:
    name = f"killed_{uuid4().hex[:8]}"
    url = create_database(postgres_server, name, template=postgres_template)
    # A Redis database of its own, so that no other worker takes the jobs.
    environment = UNLIMITED | {"DATABASE_URL": url, "REDIS_URL": f"{redis_server.removesuffix('/0')}/5"}
    yield from running(Product(tmp_path, environment, with_worker=True))
    drop_database(postgres_server, name)


def test_a_worker_killed_while_it_sends_a_mail_sends_it_once(own_product: Product, silent_server: SilentServer) -> None:
    product = own_product
    sitter = caregiver(product, "bart@tailtribe.example")
    owner = someone(product, "an@tailtribe.example")
    quoted = quote(owner, sitter.id, [pet(owner)])
    # Verify, welcome, approved: nothing else is under way when the worker changes.
    eventually(lambda: len(product.mails_to(sitter.person.email)) == 3, what="the mails before")
    product.kill_worker()

    product.environment["SMTP_URL"] = f"smtp://127.0.0.1:{silent_server.port}"
    product.start_worker()
    asked = request(owner, quoted["id"])
    assert silent_server.visited.wait(PATIENCE_SECONDS), product.log()
    product.kill_worker()
    assert len(product.mails_to(sitter.person.email)) == 3

    del product.environment["SMTP_URL"]
    product.start_worker()
    mails = eventually(
        lambda: [mail for mail in product.mails_to(sitter.person.email) if asked["id"] in text_of(mail)],
        seconds=240,
        what="the mail about the request",
    )
    assert len(mails) == 1
    assert booking(owner, asked["id"])["status"] == "pending"
