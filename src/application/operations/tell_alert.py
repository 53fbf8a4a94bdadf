"""A notice goes out by one channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from application.operations.watch_over_system import notice_key
from application.ports.alert_channel import AlertChannel
from application.ports.alert_queries import AlertQueries
from application.ports.job_queries import JobQueries
from domain.operations.alert import AlertId, AlertNotFound, Notice, NoticeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class TellAlert:
    """Runs as a job: a channel that is away has it tried again."""

    alerts: AlertQueries
    jobs: JobQueries
    channels: Mapping[str, AlertChannel]

    async def is_too_early(self, *, channel: str, kind: NoticeKind, alert_ids: Sequence[AlertId]) -> bool:
        """Nobody is to hear of an end before he has heard of the beginning, which the channel may have put off."""
        started = [notice_key(alert_id, NoticeKind.STARTED, channel) for alert_id in alert_ids]
        return kind is NoticeKind.ENDED and await self.jobs.is_any_open(started)

    async def execute(self, *, channel: str, kind: NoticeKind, alert_ids: Sequence[AlertId]) -> None:
        """Raises AlertNotFound, ChannelUnavailable. A channel that was taken away meanwhile is told nothing."""
        alerts = await self.alerts.named(alert_ids)
        if not alerts:
            raise AlertNotFound
        if channel in self.channels:
            await self.channels[channel].send(Notice(kind=kind, alerts=tuple(alerts)))
