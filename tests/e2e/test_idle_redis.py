"""Hosted servers bill by command: a system that nobody uses lets Redis rest."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks.idle_redis import commands_while_idle
from infrastructure.job_queue.wakeable_broker import IDLE_SECONDS
from infrastructure.persistence.jobs.job_tables import QUEUES
from tests.support.databases import create_database, drop_database
from tests.support.product import Product, eventually
from tests.support.servers import RedisProcess

SECONDS = 25.0
# A job of each minute's schedule and one of each quarter's may fall into the time: recorded, sent, fetched, done.
OF_THE_SCHEDULE = 2 * 25


@pytest.fixture
def idle(tmp_path: Path, postgres_server: str, postgres_template: str, redis_process: RedisProcess) -> Iterator[str]:
    """The address of the Redis of an API process and a worker."""
    name = f"idle_{uuid4().hex[:8]}"
    url = create_database(postgres_server, name, template=postgres_template)
    product = Product(tmp_path, {"DATABASE_URL": url, "REDIS_URL": redis_process.url}, with_worker=True)
    product.start()
    worker_log = tmp_path / "worker-0.log"
    eventually(lambda: "breakers.in_step" in worker_log.read_text(), what="the start of the worker")
    yield redis_process.url
    product.stop()
    drop_database(postgres_server, name)


def test_nothing_polls_more_often_than_every_ten_seconds(idle: str) -> None:
    # What belongs to the start is over when the queues are at rest.
    commands_while_idle(idle, IDLE_SECONDS)
    counted = commands_while_idle(idle, SECONDS)
    looks = len(QUEUES) * (SECONDS / IDLE_SECONDS + 1)
    assert IDLE_SECONDS >= 10
    assert counted.sent["EVALSHA"] <= looks + OF_THE_SCHEDULE, counted
    assert counted.sent.total() - counted.sent["EVALSHA"] <= OF_THE_SCHEDULE, counted
