"""Alerts in the log."""

import structlog

from application.ports.alert_channel import AlertChannel
from domain.operations.alert import Notice, NoticeKind


class LogAlertChannel(AlertChannel):
    async def send(self, notice: Notice) -> None:
        log = structlog.get_logger("tailtribe.alerts")
        tell = log.info if notice.kind is NoticeKind.ENDED else log.error
        tell(
            f"alert.{notice.kind.value}",
            title=notice.title,
            details=notice.details,
            severity=notice.rule.severity.value,
            runbook=notice.rule.runbook,
        )
