"""Alerts in a Slack channel, by an incoming webhook."""

import httpx

from application.ports.alert_channel import AlertChannel, ChannelUnavailable
from domain.operations.alert import Notice, NoticeKind
from domain.operations.alert_rules import Severity
from infrastructure.resilience.retry_after import retry_after_seconds

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
_MARKS = {
    NoticeKind.STARTED: {Severity.CRITICAL: "🔴", Severity.WARNING: "🟠"},
    NoticeKind.GOES_ON: {Severity.CRITICAL: "🔴", Severity.WARNING: "🟠"},
    NoticeKind.ENDED: {Severity.CRITICAL: "🟢", Severity.WARNING: "🟢"},
}


class SlackAway(ChannelUnavailable):
    """`retry_after_seconds` is the pause that Slack asked for."""

    def __init__(self, detail: str, *, retry_after_seconds: float = 0.0) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


def create_slack_client() -> httpx.AsyncClient:
    """Redirects are not followed: the address is a secret."""
    return httpx.AsyncClient(timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS), follow_redirects=False)


class SlackAlertChannel(AlertChannel):
    def __init__(self, webhook_url: str, client: httpx.AsyncClient) -> None:
        self._webhook_url = webhook_url
        self._client = client

    async def send(self, notice: Notice) -> None:
        try:
            response = await self._client.post(self._webhook_url, json={"text": slack_text(notice)})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Never the error's own words: they may hold the address.
            raise SlackAway(f"Slack does not answer ({type(error).__name__})") from None
        if not response.is_success:
            pause = retry_after_seconds(response.headers)
            raise SlackAway(f"Slack answered {response.status_code}", retry_after_seconds=pause)


def slack_text(notice: Notice) -> str:
    mark = _MARKS[notice.kind][notice.rule.severity]
    return f"{mark} *{_escaped(notice.title)}*\n{_escaped(notice.details)}\nRunbook: {notice.rule.runbook}"


def _escaped(text: str) -> str:
    """As Slack wants it: https://docs.slack.dev/messaging/formatting-message-text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
