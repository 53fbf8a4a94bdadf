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
PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
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
    """What Slack was told of the outage, the first line of each message; a slow machine may be told of as well."""
    messages = [json.loads(request.body)["text"] for request in slack.requests if request.path == "/services/hook"]
    return [line for message in messages if OUTAGE in (line := message.splitlines()[0])]


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
    firing = ok(operator.client.get("/api/admin/alerts?state=firing"))["items"]
    (alert,) = [alert for alert in firing if alert["title"] == OUTAGE]
    assert alert["runbook"] == "docs/runbooks/breaker-open.md"
    mail_server.be_well()
    ok(operator.client.post("/api/admin/circuit-breakers", json={"action": "reset", "breaker": "email"}))
    eventually(lambda: len(told(slack)) > 1, what="the recovery")
    started, ended = told(slack)
    assert started == f"🔴 *{OUTAGE}*"
    assert re.fullmatch(rf"🟢 \*Over after \d+ s: {OUTAGE}\*", ended)
    # A mail that met the open breaker waits for as long as it had said it would be open.
    mails = eventually(lambda: _alert_mails(watched, at_least=2), seconds=240, what="the mails to the admin")
    assert all(OUTAGE in text_of(mail) for mail in mails)
    problem(operator.client.post(f"/api/admin/alerts/{alert['id']}/silence", json={"minutes": 5, "reason": "x"}), 409)
    # Every process had seen it, and all of its jobs are done: nothing more is on its way.
    notices = "SELECT status FROM jobs WHERE kind = 'alerts.notify'"
    eventually(
        lambda: {row["status"] for row in rows(watched.environment["DATABASE_URL"], notices)} == {"succeeded"},
        what="the end of all notices",
    )
    assert len(told(slack)) == 2
    eventually(lambda: any(request.path == "/heartbeat" for request in slack.requests), what="a heartbeat")


def _processes(operator: Person, *, at_least: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(operator.client.get("/api/admin/metrics"))["processes"]
    return found if len(found) >= at_least else []


def _alert_mails(product: Product, *, at_least: int) -> list[Any]:
    found = [mail for mail in product.mails() if OUTAGE in str(mail["Subject"])]
    return found if len(found) >= at_least else []


def test_figures_of_all_processes_add_up_to_what_their_logs_say(watched: Product) -> None:
    token = (watched.data_dir / "metrics_token").read_text().strip()
    paths = ("/api/home", "/api/caregivers?place=Gent", "/api/places?q=gen", "/nowhere", "/api/me")
    with ThreadPoolExecutor(8) as pool, httpx.Client(timeout=90) as client:
        for _ in range(5):
            register(watched, address("bo"))
        urls = [f"http://127.0.0.1:{watched.ports[n % 2]}{paths[n % len(paths)]}" for n in range(REQUESTS)]
        list(pool.map(client.get, urls))
    eventually(lambda: len(watched.mails()) >= 5, what="the mails")
    asked = watched.client(1, token=token)
    eventually(lambda: _jobs_told(asked) == _jobs_done(watched), what="every job counted")
    # What the other process has yet to tell comes within seconds.
    eventually(lambda: _figures(asked) == _approximately(_of_the_logs(watched)), what="the figures of the logs")
    assert _of_the_logs(watched)["requests"] > REQUESTS
    other = watched.client(0, token=token)
    eventually(lambda: _jobs_told(other) == _jobs_done(watched), what="the same at the other process")


def _figures(client: httpx.Client) -> dict[str, float]:
    told, total = ok(client.get("/api/admin/metrics"))["metrics"], "tailtribe_http_requests_total"
    counted = {"requests": _total(client, total), "not found": _total(client, total, status="404")}
    return counted | {name: told[name] for name in ("avgResponseTime", *PERCENTILES)}


def _of_the_logs(product: Product) -> dict[str, float]:
    lines = [line for line in _log(product) if line["event"] in ("request", "slow_request")]
    exact = sorted(line["milliseconds"] for line in lines)
    counted = {"requests": len(exact), "not found": sum(line["status"] == 404 for line in lines)}
    percentiles = {name: exact[math.ceil(share * len(exact)) - 1] for name, share in PERCENTILES.items()}
    return counted | percentiles | {"avgResponseTime": sum(exact) / len(exact)}


def _approximately(figures: dict[str, float]) -> dict[str, Any]:
    """Counts to one in a hundred: while they are asked for, more is counted. Times as exactly as they are kept."""
    return {
        name: pytest.approx(value, rel=0.01 if name in ("requests", "not found") else 0.05)
        for name, value in figures.items()
    }


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
