"""What Sentry is told, read by a peer in its place."""

import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.operations.alert import Alert, AlertId, AlertState, Notice, NoticeKind
from infrastructure.errors import sentry_errors
from infrastructure.errors.sentry_errors import SentryAlertChannel, SentryErrors
from tests.support.builders import NOW
from tests.support.fault_server import FaultServer
from tests.support.planted import PLANTED, planted_error
from tests.support.polling import until


@dataclass
class Desk:
    server: FaultServer
    errors: SentryErrors

    async def told(self) -> list[dict[str, Any]]:
        """Events that arrived; an envelope is lines of JSON, the event behind its own header."""
        await self.errors.close()
        await until(lambda: bool(self.server.requests))
        bodies = [gzip.decompress(request.body).splitlines() for request in self.server.requests]
        return [json.loads(lines[2]) for lines in bodies]


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    # A machine that stands still while it is flushed loses nothing here.
    monkeypatch.setattr(sentry_errors, "FLUSH_SECONDS", 60.0)
    with FaultServer() as server:
        errors = SentryErrors(f"{server.url.replace('http://', 'http://key@')}/1", release="1.2.3", environment="test")
        yield Desk(server, errors)
        await errors.close()


async def test_an_error_arrives_with_its_code_and_without_its_words(desk: Desk) -> None:
    desk.errors.report(planted_error(), "GET /api/home")
    (event,) = await desk.told()
    (exception,) = event["exception"]["values"]
    assert exception["type"] == "RuntimeError"
    assert exception["stacktrace"]["frames"][-1]["function"] == "planted_error"
    assert (event["release"], event["environment"]) == ("1.2.3", "test")
    assert event["tags"]["place"] == "GET /api/home"
    source = exception["stacktrace"]["frames"][-1].pop("context_line")
    assert "raise RuntimeError" in source
    for part in ("pre_context", "post_context"):
        # The test's own source, where everything is planted.
        exception["stacktrace"]["frames"][-1].pop(part)
    assert [name for name, text in PLANTED.items() if text in json.dumps(event)] == []
    assert not {"request", "user", "breadcrumbs", "server_name"} & event.keys()


async def test_an_alert_arrives_with_its_figures(desk: Desk) -> None:
    alert = Alert(
        id=AlertId(uuid4()),
        rule="slow_responses",
        subject="",
        value=1500,
        since=NOW,
        last_seen_at=NOW + timedelta(minutes=1),
        state=AlertState.FIRING,
        started_at=NOW,
    )
    await SentryAlertChannel().send(Notice(kind=NoticeKind.STARTED, alerts=(alert,)))
    (event,) = await desk.told()
    assert event["message"] == "Slow performance: 1500 ms at p95 of a minute (limit 1000)"
    assert event["level"] == "warning"
    assert event["tags"]["runbook"] == "docs/runbooks/slow-responses.md"
