"""A notice goes out by one channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.operations.watch_over_system import notice_key
from application.ports.alert_channel import AlertChannel
from application.ports.alert_queries import AlertQueries
from application.ports.clock import Clock
from application.ports.job_queries import JobQueries
from domain.operations.alert import AlertId, AlertNotFound, Notice, NoticeKind
from domain.shared.actor import AccountId

# Until it is asked again whether the beginning was told: a channel may be away for a day.
SOONEST, LATEST = timedelta(seconds=2), timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class TellAlert:
    """Runs as a job: a channel that is away has it tried again."""

    alerts: AlertQueries
    jobs: JobQueries
    channels: Mapping[str, AlertChannel]
    clock: Clock

    async def wait_for_beginning(
        self, *, channel: str, kind: NoticeKind, alert_ids: Sequence[AlertId], asked_at: datetime
    ) -> timedelta | None:
        """How long to wait with it, None when it is time: nobody is to hear of an end before he has heard of the
        beginning, which the channel may have put off. The longer it has waited, since it was asked for, the longer."""
        started = [notice_key(alert_id, NoticeKind.STARTED, channel) for alert_id in alert_ids]
        return await self._wait_for(started, kind, asked_at)

    async def wait_for_mailed_beginning(
        self, *, account_id: AccountId, kind: NoticeKind, alert_ids: Sequence[AlertId], asked_at: datetime
    ) -> timedelta | None:
        """The same for a mail to one admin: the mail of the beginning may wait when its channel is done with it."""
        started = [alert_mail_key(alert_id, NoticeKind.STARTED, account_id) for alert_id in alert_ids]
        return await self._wait_for(started, kind, asked_at)

    async def _wait_for(self, started: Sequence[str], kind: NoticeKind, asked_at: datetime) -> timedelta | None:
        if kind is not NoticeKind.ENDED or not await self.jobs.is_any_open(started):
            return None
        return min(max(SOONEST, (self.clock.now() - asked_at) / 2), LATEST)

    async def execute(self, *, channel: str, kind: NoticeKind, alert_ids: Sequence[AlertId]) -> None:
        """Raises AlertNotFound, ChannelUnavailable. A channel that was taken away meanwhile is told nothing."""
        alerts = await self.alerts.named(alert_ids)
        if not alerts:
            raise AlertNotFound
        if channel in self.channels:
            await self.channels[channel].send(Notice(kind=kind, alerts=tuple(alerts)))


def alert_mail_key(alert_id: AlertId, what: str, account_id: AccountId) -> str:
    """Of the job that mails it to one admin, where this alert is the first of those that are told together."""
    return f"alert_mail:{alert_id}:{what}:{account_id}"
