"""Fixtures for every test. Servers start when the first test asks for them and end with the session."""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from infrastructure.persistence.database import database_url
from infrastructure.persistence.migrations import migrate
from tests.support.databases import create_database, drop_database
from tests.support.pgbouncer import PgBouncerProcess, pgbouncer_binary
from tests.support.servers import (
    PostgresProcess,
    RedisProcess,
    ServerMissing,
    postgres_binaries,
    redis_binary,
)
from tests.support.stripe_peers import LocalStripe, StatefulMock, install_stateful_mock

# An example takes as long as a busy machine makes it take; in CI Hypothesis sees to it itself.
settings.register_profile("tests", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

# Threads of executors end by themselves when the interpreter does.
_EXECUTORS = ("asyncio_", "ThreadPoolExecutor-", "password_", "AnyIO")


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """A thread that nobody ends would keep the whole run from ending, after its last test has passed."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if not thread.daemon and not thread.name.startswith(_EXECUTORS):
            thread.join(30)
            assert not thread.is_alive(), f"the test left a thread behind: {thread.name}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The administrator's URL of a PostgreSQL."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    try:
        server = PostgresProcess(postgres_binaries())
    except ServerMissing as missing:
        without(missing)
    yield server.start()
    server.stop()


@pytest.fixture(scope="session")
def pgbouncer(postgres_server: str) -> Iterator[PgBouncerProcess]:
    """A pooler in transaction mode before that PostgreSQL."""
    try:
        pooler = PgBouncerProcess(pgbouncer_binary(), postgres_server)
    except ServerMissing as missing:
        without(missing)
    pooler.start()
    yield pooler
    pooler.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of a migrated database with its gazetteer, to be copied."""
    name = f"template_{os.getpid()}"
    url = create_database(postgres_server, name)
    asyncio.run(migrate(database_url(url, Path())))
    yield name
    drop_database(postgres_server, name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file with its gazetteer, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    url = database_url(None, folder)
    asyncio.run(migrate(url))
    assert url.database is not None
    return Path(url.database)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The URL of a Redis that all tests share: use keys of your own."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    server = _redis_process()
    yield server.start()
    server.stop()


@pytest.fixture
def redis_process() -> Iterator[RedisProcess]:
    """A running Redis of the test's own, to be killed, frozen and restarted."""
    server = _redis_process()
    server.start()
    yield server
    server.stop()


def _redis_process() -> RedisProcess:
    try:
        return RedisProcess(redis_binary())
    except ServerMissing as missing:
        without(missing)


@pytest.fixture(scope="session")
def localstripe() -> Iterator[LocalStripe]:
    """A Stripe that somebody else wrote, with payment intents; all tests share it."""
    peer = LocalStripe()
    peer.start()
    yield peer
    peer.stop()


@pytest.fixture(scope="session")
def stateful_mock() -> Iterator[StatefulMock]:
    """A Stripe that somebody else wrote, with idempotency and refunds; all tests share it: use keys of your own."""
    try:
        install_stateful_mock()
        peer = StatefulMock()
    except ServerMissing as missing:
        without(missing)
    peer.start()
    yield peer
    peer.stop()


def without(missing: ServerMissing) -> NoReturn:
    """A laptop may lack a service, the gate may not."""
    if os.environ.get("CI"):
        pytest.fail(f"{missing} is missing, and in CI every service must be there", pytrace=False)
    pytest.skip(f"{missing} is missing: install it, or the development packages that carry it")
