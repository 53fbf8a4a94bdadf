"""The product behind a pooler in transaction mode, with and without a way past it."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.e2e.conftest import UNLIMITED
from tests.e2e.test_jobs import operator, test_mails_of_a_paused_queue_wait_and_come_when_it_is_resumed
from tests.e2e.test_journey import test_an_owner_finds_books_and_pays_a_caregiver_who_hears_of_it
from tests.support.databases import create_database, drop_database
from tests.support.pgbouncer import PgBouncerProcess
from tests.support.product import Product, running

__all__ = [
    "operator",
    "test_an_owner_finds_books_and_pays_a_caregiver_who_hears_of_it",
    "test_mails_of_a_paused_queue_wait_and_come_when_it_is_resumed",
]


@pytest.fixture(scope="module", params=["woken", "polling"])
def product(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: str,
    postgres_template: str,
    redis_server: str,
    pgbouncer: PgBouncerProcess,
) -> Iterator[Product]:
    name = f"pooled_{uuid4().hex[:8]}"
    url = create_database(postgres_server, name, template=postgres_template)
    past_it = {"DATABASE_DIRECT_URL": url} if request.param == "woken" else {}
    # A Redis database of its own, so that no other worker takes the jobs.
    environment = (
        UNLIMITED
        | past_it
        | {"DATABASE_URL": pgbouncer.url_of(url), "REDIS_URL": f"{redis_server.removesuffix('/0')}/7"}
    )
    yield from running(Product(tmp_path_factory.mktemp(name), environment, with_worker=True))
    drop_database(postgres_server, name)
