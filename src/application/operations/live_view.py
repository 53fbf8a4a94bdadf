"""Everything an operator watches, as it is at one instant."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import Struct, structs

from application.operations.happenings import Happening, ShowHappenings
from application.operations.record_minute import ShowHistory
from application.operations.show_metrics import OperationsView, ShowMetrics
from application.ports.alert_queries import AlertQueries, AlertView
from application.ports.clock import Clock
from application.ports.figure_history import MinuteFigures
from domain.operations.alert import AlertState
from domain.shared.errors import Unavailable

MOST_ALERTS = 50
# A dead job or a closed alert is still news for so long.
NEWS = timedelta(days=1)
# What was committed a moment later than it happened is told again rather than never.
OVERLAP = timedelta(seconds=10)
# Nobody who watches now has watched for longer without a look.
LONGEST_GAP = timedelta(minutes=5)
MINUTES_EVERY = timedelta(seconds=10)


class LiveView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`is_current` is false while the database is away: then it is the last that could be had, or nothing. `happenings`
    are all since the view before, and of each sort as many more of the last day as make a page."""

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
    show_happenings: ShowHappenings
    alert_queries: AlertQueries
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
        whole_since = now if self._last is None else max(self._last.at, now - LONGEST_GAP) - OVERLAP
        operations, firing, pending, happenings = await asyncio.gather(
            self.show_metrics.execute(),
            self._alerts(AlertState.FIRING),
            self._alerts(AlertState.PENDING),
            self.show_happenings.execute(since=now - NEWS, whole_since=whole_since),
        )
        return LiveView(
            at=now,
            is_current=True,
            operations=operations,
            alerts=[*firing, *pending],
            happenings=happenings,
            minutes=self._minutes,
        )

    async def _alerts(self, state: AlertState) -> list[AlertView]:
        """The youngest in this state."""
        found, _ = await self.alert_queries.alerts(state, limit=MOST_ALERTS, after=None)
        return found
