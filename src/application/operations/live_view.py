"""Everything an operator watches, as it is at one instant."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import Struct, structs

from application.operations.record_minute import ShowHistory
from application.operations.show_metrics import OperationsView, ShowMetrics
from application.ports.alert_queries import AlertQueries, AlertView
from application.ports.breaker_history import BreakerHistory
from application.ports.clock import Clock
from application.ports.figure_history import MinuteFigures
from application.ports.job_queries import JobFilter, JobQueries
from domain.operations.alert import AlertState
from domain.operations.job import JobStatus
from domain.shared.errors import Unavailable

MOST_HAPPENINGS = 50
MOST_ALERTS = 50
# A dead job or a closed alert is still news for so long.
NEWS = timedelta(days=1)
MINUTES_EVERY = timedelta(seconds=10)


class Happening(Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that came about: a breaker changed, an alert began or ended, a job died. `key` is the same for the same
    thing in all processes."""

    key: str
    kind: str
    name: str
    what: str
    detail: str
    at: datetime


class LiveView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`is_current` is false while the database is away: then it is the last that could be had, or nothing."""

    at: datetime
    is_current: bool
    operations: OperationsView | None = None
    alerts: Sequence[AlertView] = ()
    happenings: Sequence[Happening] = ()
    minutes: Sequence[MinuteFigures] = ()


@dataclass(slots=True, kw_only=True)
class ShowLiveView:
    """Costs a few small queries; the figures of past minutes are read again every ten seconds."""

    show_metrics: ShowMetrics
    show_history: ShowHistory
    alert_queries: AlertQueries
    breaker_history: BreakerHistory
    job_queries: JobQueries
    clock: Clock
    _last: LiveView | None = None
    _minutes: Sequence[MinuteFigures] = ()
    _minutes_at: datetime | None = None

    async def execute(self) -> LiveView:
        """Never raises because a service is away."""
        now = self.clock.now()
        try:
            self._last = await self._look(now)
        except Unavailable:
            last = self._last or LiveView(at=now, is_current=False)
            return structs.replace(last, at=now, is_current=False)
        return self._last

    async def _look(self, now: datetime) -> LiveView:
        if self._minutes_at is None or now - self._minutes_at >= MINUTES_EVERY:
            self._minutes = await self.show_history.execute()
            self._minutes_at = now
        operations, firing, pending, recent = await asyncio.gather(
            self.show_metrics.execute(),
            self._alerts(AlertState.FIRING),
            self._alerts(AlertState.PENDING),
            self._alerts(None),
        )
        happenings = [*await self._breakers(), *_of_alerts(recent), *await self._dead_jobs()]
        news = [each for each in happenings if now - each.at < NEWS]
        return LiveView(
            at=now,
            is_current=True,
            operations=operations,
            alerts=[*firing, *pending],
            happenings=sorted(news, key=lambda each: each.at, reverse=True)[:MOST_HAPPENINGS],
            minutes=self._minutes,
        )

    async def _alerts(self, state: AlertState | None) -> list[AlertView]:
        """The youngest in this state, or in any."""
        found, _ = await self.alert_queries.alerts(state, limit=MOST_ALERTS, after=None)
        return found

    async def _breakers(self) -> list[Happening]:
        changes, _ = await self.breaker_history.recent(None, limit=MOST_HAPPENINGS, before=None)
        return [
            Happening(
                key=str(change.id),
                kind="breaker",
                name=change.name,
                what=change.to_state.value,
                detail=change.reason,
                at=change.at,
            )
            for change in changes
        ]

    async def _dead_jobs(self) -> list[Happening]:
        dead, _ = await self.job_queries.jobs(JobFilter(status=JobStatus.DEAD), limit=MOST_HAPPENINGS, after=None)
        return [
            Happening(
                key=f"{job.id}:{job.attempts}",
                kind="job",
                name=job.kind,
                what=job.status.value,
                detail=job.error or "",
                at=job.finished_at or job.created_at,
            )
            for job in dead
        ]


def _of_alerts(alerts: Sequence[AlertView]) -> list[Happening]:
    """The beginning of each, and its end."""
    marks = (("firing", "started_at"), ("resolved", "resolved_at"))
    return [
        Happening(key=f"{alert.id}:{what}", kind="alert", name=alert.rule, what=what, detail=alert.title, at=instant)
        for alert in alerts
        for what, mark in marks
        if (instant := getattr(alert, mark)) is not None
    ]
