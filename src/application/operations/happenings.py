"""What came about lately: breakers changed, alerts began or ended, jobs died."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from application.ports.alert_queries import AlertQueries, AlertView
from application.ports.breaker_history import BreakerHistory
from application.ports.job_queries import JobQueries

MOST_SHOWN = 50
# Of a sort, at once: more than that nobody reads.
MOST_AT_ONCE = 1000


class Happening(Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that came about: a breaker changed, an alert began or ended, a job died. `key` is the same for the same
    thing in all processes."""

    key: str
    kind: str
    name: str
    what: str
    detail: str
    at: datetime


# What a row tells, its last first: of an alert two.
_OfRow: TypeAlias = list[Happening]
_Read: TypeAlias = Callable[[datetime, int], Awaitable[list[_OfRow]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHappenings:
    alert_queries: AlertQueries
    breaker_history: BreakerHistory
    job_queries: JobQueries

    async def execute(self, *, since: datetime, whole_since: datetime) -> Sequence[Happening]:
        """The youngest first; of each sort all since `whole_since`, and of what is older, until `since`, so many that
        they are a page. What came about at one instant stands in the order of its keys, an end after its beginning."""
        found: list[Happening] = []
        for read in (self._breakers, self._alerts, self._dead_jobs):
            found += [each for row in await _page_or_all(read, since, whole_since) for each in row]
        return sorted(found, key=lambda each: (each.at, each.key), reverse=True)

    async def _breakers(self, since: datetime, limit: int) -> list[_OfRow]:
        return [
            [
                Happening(
                    key=str(change.id),
                    kind="breaker",
                    name=change.name,
                    what=change.to_state.value,
                    detail=change.reason,
                    at=change.at,
                )
            ]
            for change in await self.breaker_history.since(since, limit=limit)
        ]

    async def _alerts(self, since: datetime, limit: int) -> list[_OfRow]:
        alerts = await self.alert_queries.since(since, limit=limit)
        return [[each for each in _of_alert(alert) if each.at >= since] for alert in alerts]

    async def _dead_jobs(self, since: datetime, limit: int) -> list[_OfRow]:
        return [
            [
                Happening(
                    key=f"{job.id}:{job.attempts}",
                    kind="job",
                    name=job.kind,
                    what=job.status.value,
                    detail=job.error or "",
                    at=job.finished_at or job.created_at,
                )
            ]
            for job in await self.job_queries.died_since(since, limit=limit)
        ]


async def _page_or_all(read: _Read, since: datetime, whole_since: datetime) -> list[_OfRow]:
    found = await read(since, MOST_SHOWN)
    # Rows come in the order of their last instants: an old beginning says nothing about where the page was cut.
    if len(found) < MOST_SHOWN or found[-1][0].at < whole_since:
        return found
    return await read(whole_since, MOST_AT_ONCE)


def _of_alert(alert: AlertView) -> _OfRow:
    """Its end, and its beginning."""
    marks = (("resolved", alert.resolved_at), ("firing", alert.started_at))
    return [
        Happening(key=f"{alert.id}:{what}", kind="alert", name=alert.rule, what=what, detail=alert.title, at=instant)
        for what, instant in marks
        if instant is not None
    ]
