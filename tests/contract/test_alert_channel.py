"""The promises of the ways to those who look after the system."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

import pytest
import structlog

from application.ports.alert_channel import AlertChannel, ChannelUnavailable
from domain.operations.alert import Alert, AlertId, AlertState, Notice, NoticeKind
from infrastructure.alerts.heartbeats import HttpHeartbeat
from infrastructure.alerts.log_alert_channel import LogAlertChannel
from infrastructure.alerts.slack_alert_channel import SlackAlertChannel, SlackAway, create_slack_client
from tests.support.builders import NOW
from tests.support.fault_server import RESET, FaultServer, server_error, too_many_requests

STARTED = Alert(
    id=AlertId(uuid4()),
    rule="queue_waits",
    subject="mail",
    value=75,
    since=NOW,
    last_seen_at=NOW,
    state=AlertState.FIRING,
    started_at=NOW,
)
ENDED = replace(STARTED, state=AlertState.RESOLVED, resolved_at=NOW + timedelta(minutes=3))


@dataclass
class Way:
    channel: AlertChannel
    told: Callable[[], Awaitable[str]]


@pytest.fixture
def slack() -> FaultServer:
    return FaultServer()


@pytest.fixture
async def slack_channel(slack: FaultServer) -> AsyncIterator[SlackAlertChannel]:
    with slack:
        client = create_slack_client()
        yield SlackAlertChannel(f"{slack.url}/services/secret", client)
        await client.aclose()


@pytest.fixture(params=["log", "slack"])
async def way(
    request: pytest.FixtureRequest, slack: FaultServer, slack_channel: SlackAlertChannel
) -> AsyncIterator[Way]:
    if request.param == "slack":

        async def posted() -> str:
            return json.loads(slack.requests[-1].body)["text"]

        yield Way(slack_channel, posted)
        return
    with structlog.testing.capture_logs() as lines:

        async def logged() -> str:
            return " ".join(str(value) for value in lines[-1].values())

        yield Way(LogAlertChannel(), logged)


@pytest.mark.parametrize(
    ("kind", "alert", "title"),
    [
        (NoticeKind.STARTED, STARTED, "Jobs wait in queue mail"),
        (NoticeKind.ENDED, ENDED, "Over after 3 min: Jobs wait in queue mail"),
    ],
)
async def test_a_notice_says_what_it_is_about(way: Way, kind: NoticeKind, alert: Alert, title: str) -> None:
    await way.channel.send(Notice(kind=kind, alerts=(alert,)))
    told = await way.told()
    assert title in told
    assert "mail: 75 s for the oldest (limit 60)" in told
    assert "docs/runbooks/queue-waits.md" in told


async def test_slack_that_fails_is_told_apart_and_its_address_stays_secret(
    slack: FaultServer, slack_channel: SlackAlertChannel
) -> None:
    slack.play(RESET, server_error(), too_many_requests("7"))
    pauses: list[float] = []
    for _ in range(3):
        with pytest.raises(ChannelUnavailable) as caught:
            await slack_channel.send(Notice(kind=NoticeKind.STARTED, alerts=(STARTED,)))
        assert isinstance(caught.value, SlackAway)
        assert "secret" not in str(caught.value)
        pauses.append(caught.value.retry_after_seconds)
    assert pauses == [0, 0, 7]


async def test_what_slack_would_read_as_a_mention_is_written_as_it_is(
    slack: FaultServer, slack_channel: SlackAlertChannel
) -> None:
    odd = replace(STARTED, subject="<!channel> & co")
    await slack_channel.send(Notice(kind=NoticeKind.STARTED, alerts=(odd,)))
    assert "&lt;!channel&gt; &amp; co" in json.loads(slack.requests[-1].body)["text"]


async def test_an_address_that_is_none_is_told_without_its_words() -> None:
    """Nor does a heartbeat raise because of one."""
    client = create_slack_client()
    with pytest.raises(SlackAway) as caught:
        await SlackAlertChannel("https://hooks.example:secret/x", client).send(
            Notice(kind=NoticeKind.STARTED, alerts=(STARTED,))
        )
    assert "secret" not in str(caught.value)
    await client.aclose()
    with structlog.testing.capture_logs() as lines:
        await HttpHeartbeat("https://beats.example:secret/x").beat()
    assert [(line["event"], line["reason"]) for line in lines] == [("heartbeat.failed", "InvalidURL")]
