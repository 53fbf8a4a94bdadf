"""Two API processes and two workers are watched as one system."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import UNLIMITED
from tests.support.databases import create_database, drop_database, rows
from tests.support.fault_server import FaultServer
from tests.support.mail_server import MailServer
from tests.support.people import Person, address, admin, register
from tests.support.product import Product, eventually, ok, problem, text_of
from tests.support.product import running as running_product
from tests.support.servers import RedisProcess

OUTAGE = "Circuit breaker email opened"
REQUESTS = 600
SERIES = re.compile(r"(?P<name>\w+)\{(?P<labels>[^}]*)\} (?P<value>\S+)")


@pytest.fixture
def slack() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def watched(
    tmp_path: Path,
    postgres_server: str,
    postgres_template: str,
    redis_process: RedisProcess,
    mail_server: MailServer,
    slack: FaultServer,
) -> Iterator[Product]:
    name = f"watched_{uuid4().hex[:8]}"
    url = create_database(postgres_server, name, template=postgres_template)
    environment = UNLIMITED | {
        "DATABASE_URL": url,
        "REDIS_URL": redis_process.url,
        "SLACK_WEBHOOK_URL": f"{slack.url}/services/hook",
        "HEARTBEAT_URL": f"{slack.url}/heartbeat",
        "WATCH_SECONDS": "1",
        # Hits of the cache are logged at debug.
        "LOG_LEVEL": "DEBUG",
    }
    product = Product(tmp_path, environment, api_processes=2, workers=2, mail_server=mail_server)
    yield from running_product(product)
    drop_database(postgres_server, name)


def told(slack: FaultServer) -> list[str]:
    """What Slack was told, the first line of each message."""
    messages = [json.loads(request.body)["text"] for request in slack.requests if request.path == "/services/hook"]
    return [message.splitlines()[0] for message in messages]


def breaker_of(product: Product, at: int, token: str) -> str:
    listed = ok(product.client(at, token=token).get("/api/admin/circuit-breakers"))["items"]
    return next(item["state"] for item in listed if item["name"] == "email")


def test_an_outage_seen_by_four_processes_is_told_once_and_so_is_its_end(
    watched: Product, slack: FaultServer, mail_server: MailServer
) -> None:
    operator = admin(watched)
    processes = eventually(lambda: _processes(operator, at_least=4), what="four processes")
    assert Counter(process["role"] for process in processes) == {"api": 2, "worker": 2}
    mail_server.be_dead()
    for _ in range(8):
        register(watched, address("an"))
    eventually(lambda: told(slack), what="the notice")
    monitor = (watched.data_dir / "metrics_token").read_text().strip()
    for at in range(2):
        eventually(lambda at=at: breaker_of(watched, at, monitor) == "open", what="the opening in every API process")
    (alert,) = ok(operator.client.get("/api/admin/alerts?state=firing"))["items"]
    assert (alert["title"], alert["runbook"]) == (OUTAGE, "docs/runbooks/breaker-open.md")
    mail_server.be_well()
    ok(operator.client.post("/api/admin/circuit-breakers", json={"action": "reset", "breaker": "email"}))
    eventually(lambda: len(told(slack)) == 2, what="the recovery")
    started, ended = told(slack)
    assert started == f"🔴 *{OUTAGE}*"
    assert re.fullmatch(rf"🟢 \*Over after \d+ s: {OUTAGE}\*", ended)
    # A mail that met the open breaker waits for as long as it had said it would be open.
    mails = eventually(lambda: _alert_mails(watched, at_least=2), seconds=90, what="the mails to the admin")
    assert all(OUTAGE in text_of(mail) for mail in mails)
    problem(operator.client.post(f"/api/admin/alerts/{alert['id']}/silence", json={"minutes": 5, "reason": "x"}), 409)
    # Every process had seen it, and all of its jobs are done: nothing more is on its way.
    notices = "SELECT status FROM jobs WHERE kind = 'alerts.notify'"
    eventually(
        lambda: {row["status"] for row in rows(watched.environment["DATABASE_URL"], notices)} == {"succeeded"},
        what="the end of all notices",
    )
    assert len(told(slack)) == 2
    assert any(request.path == "/heartbeat" for request in slack.requests)


def _processes(operator: Person, *, at_least: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(operator.client.get("/api/admin/metrics"))["processes"]
    return found if len(found) >= at_least else []


def _alert_mails(product: Product, *, at_least: int) -> list[Any]:
    found = [mail for mail in product.mails() if OUTAGE in str(mail["Subject"])]
    return found if len(found) >= at_least else []


def test_figures_of_all_processes_add_up_to_what_their_logs_say(watched: Product) -> None:
    token = (watched.data_dir / "metrics_token").read_text().strip()
    paths = ("/api/home", "/api/caregivers?place=Gent", "/api/places?q=gen", "/nowhere", "/api/me")
    with ThreadPoolExecutor(8) as pool, httpx.Client(timeout=30) as client:
        for _ in range(5):
            register(watched, address("bo"))
        urls = [f"http://127.0.0.1:{watched.ports[n % 2]}{paths[n % len(paths)]}" for n in range(REQUESTS)]
        list(pool.map(client.get, urls))
    eventually(lambda: len(watched.mails()) >= 5, what="the mails")
    asked = watched.client(1, token=token)
    eventually(lambda: _jobs_told(asked) == _jobs_done(watched), what="every job counted")
    total = "tailtribe_http_requests_total"
    eventually(lambda: _total(asked, total) > REQUESTS, what="what the other process has told")
    lines = [line for line in _log(watched) if line["event"] in ("request", "slow_request")]
    figures = ok(asked.get("/api/admin/metrics"))["metrics"]
    exact = sorted(line["milliseconds"] for line in lines)
    assert len(exact) > REQUESTS
    assert _total(asked, total) == pytest.approx(len(exact), rel=0.01)
    by_status = Counter(str(line["status"]) for line in lines)
    assert _total(asked, total, status="404") == pytest.approx(by_status["404"], rel=0.01)
    assert figures["avgResponseTime"] == pytest.approx(sum(exact) / len(exact), rel=0.05)
    for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
        assert figures[name] == pytest.approx(exact[math.ceil(share * len(exact)) - 1], rel=0.05), name
    assert _total(watched.client(0, token=token), "tailtribe_job_seconds_count") == _jobs_done(watched)


def _log(product: Product) -> list[dict[str, Any]]:
    return [json.loads(line) for line in product.log().splitlines() if line.startswith("{")]


def _jobs_done(product: Product) -> int:
    return sum(line["event"] == "job.finished" for line in _log(product))


def _jobs_told(client: httpx.Client) -> float:
    return _total(client, "tailtribe_job_seconds_count")


def _total(client: httpx.Client, name: str, **labels: str) -> float:
    wanted = {f'{label}="{value}"' for label, value in labels.items()}
    found = SERIES.finditer(client.get("/metrics").text)
    return sum(
        float(series["value"])
        for series in found
        if series["name"] == name and wanted <= set(series["labels"].split(","))
    )
