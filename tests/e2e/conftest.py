"""The product in its two shapes: one process with SQLite, and processes over PostgreSQL and Redis."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.databases import create_database, drop_database
from tests.support.mail_server import MailServer
from tests.support.product import Product, running

UNLIMITED = {
    "RATE_LIMIT_API_PER_MINUTE": "0",
    "RATE_LIMIT_AUTH_PER_MINUTE": "0",
    "RATE_LIMIT_PUBLIC_PER_MINUTE": "0",
}


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Product]:
    """What `make run` starts: SQLite, in-memory cache, the worker inside."""
    data_dir = tmp_path_factory.mktemp("embedded")
    shutil.copy(sqlite_template, data_dir / "tailtribe.sqlite3")
    yield from running(Product(data_dir, UNLIMITED))


@pytest.fixture(scope="session")
def distributed(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str, postgres_template: str, redis_server: str
) -> Iterator[Product]:
    """Two API processes and a worker over PostgreSQL and Redis."""
    name = f"e2e_{uuid4().hex[:8]}"
    url = create_database(postgres_server, name, template=postgres_template)
    environment = UNLIMITED | {"DATABASE_URL": url, "REDIS_URL": redis_server}
    product = Product(tmp_path_factory.mktemp("distributed"), environment, api_processes=2, with_worker=True)
    yield from running(product)
    drop_database(postgres_server, name)


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.be_well()
    yield server
    server.close()


@pytest.fixture(params=["embedded", "distributed"])
def product(request: pytest.FixtureRequest) -> Product:
    """Either shape: what a test says holds for both."""
    return request.getfixturevalue(request.param)
