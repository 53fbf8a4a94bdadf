"""Errors and alerts in Sentry. Imported only when SENTRY_DSN is set."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import sentry_sdk

from application.ports.alert_channel import AlertChannel
from domain.operations.alert import Notice, NoticeKind
from domain.operations.alert_rules import Severity
from domain.operations.redaction import redacted

FLUSH_SECONDS = 2.0
# What the library would add of a request, of the machine and of what ran before.
_DROPPED = ("request", "user", "extra", "breadcrumbs", "server_name", "modules", "contexts")


class SentryErrors:
    """Sends in a thread of the library's own, in the background; what cannot be sent is lost."""

    def __init__(self, dsn: str, *, release: str, environment: str) -> None:
        sentry_sdk.init(
            dsn=dsn,
            release=release,
            environment=environment,
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            max_breadcrumbs=0,
            before_send=scrubbed,
        )

    def report(self, error: BaseException, place: str) -> None:
        with sentry_sdk.new_scope() as scope:
            scope.set_tag("place", place)
            scope.capture_exception(error)

    async def close(self) -> None:
        await asyncio.to_thread(sentry_sdk.get_client().close, FLUSH_SECONDS)


class SentryAlertChannel(AlertChannel):
    async def send(self, notice: Notice) -> None:
        level = "error" if notice.rule.severity is Severity.CRITICAL else "warning"
        with sentry_sdk.new_scope() as scope:
            # The beginning and the end of an alert are one issue.
            scope.fingerprint = ["alert", notice.rule.name]
            scope.set_tag("runbook", notice.rule.runbook)
            scope.capture_message(
                f"{notice.title}: {notice.details}", level="info" if notice.kind is NoticeKind.ENDED else level
            )


def scrubbed(event: Any, _hint: object) -> Any:
    """The event without anybody's data: an exception's own words are left out, every other text is redacted."""
    kept = {name: value for name, value in event.items() if name not in _DROPPED}
    for exception in kept.get("exception", {}).get("values", ()):
        exception["value"] = ""
    return _redacted(kept)


def _redacted(value: object) -> object:
    match value:
        case str():
            return redacted(value)
        case Mapping():
            return {name: _redacted(item) for name, item in cast("Mapping[str, object]", value).items()}
        case list() | tuple():
            return [_redacted(item) for item in cast("Sequence[object]", value)]
        case _:
            return value
