"""A database that goes away is told once, by whichever process, and so is its return."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import UNLIMITED
from tests.support.databases import create_database, rows
from tests.support.fault_server import FaultServer
from tests.support.people import admin
from tests.support.product import Product, eventually, ok, running
from tests.support.servers import PostgresProcess, postgres_binaries

OUTAGE = "Database connection failed"


@pytest.fixture
def slack() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def postgres() -> Iterator[PostgresProcess]:
    server = PostgresProcess(postgres_binaries(), is_durable=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def product(tmp_path: Path, postgres: PostgresProcess, redis_server: str, slack: FaultServer) -> Iterator[Product]:
    environment = UNLIMITED | {
        "DATABASE_URL": create_database(postgres.url, "lost"),
        "REDIS_URL": f"{redis_server.removesuffix('/0')}/9",
        "SLACK_WEBHOOK_URL": f"{slack.url}/services/hook",
        "WATCH_SECONDS": "1",
    }
    product = Product(tmp_path, environment, api_processes=2, with_worker=True)
    product.command("migrate")
    yield from running(product)


def told(slack: FaultServer) -> list[str]:
    """What Slack was told of it, the first line of each message; a slow machine may be told of as well."""
    lines = [json.loads(request.body)["text"].splitlines()[0] for request in slack.requests]
    return [line for line in lines if OUTAGE in line]


def test_a_lost_database_is_told_once_and_so_is_its_return(
    product: Product, postgres: PostgresProcess, slack: FaultServer
) -> None:
    operator = admin(product)
    eventually(lambda: len(ok(operator.client.get("/api/admin/metrics"))["processes"]) >= 3, what="three processes")
    postgres.go_away("fast")
    eventually(lambda: told(slack), what="the notice")
    postgres.come_back()
    eventually(lambda: len(told(slack)) > 1, what="the recovery")
    notices = "SELECT status FROM jobs WHERE kind = 'alerts.notify'"
    eventually(
        lambda: {row["status"] for row in rows(product.environment["DATABASE_URL"], notices)} == {"succeeded"},
        what="the end of all notices",
    )
    started, ended = told(slack)
    assert started == f"🔴 *{OUTAGE}*"
    assert re.fullmatch(rf"🟢 \*Over after .+: {OUTAGE}\*", ended)
    alerts = ok(operator.client.get("/api/admin/alerts"))["items"]
    assert [alert["state"] for alert in alerts if alert["title"] == OUTAGE] == ["resolved"]
