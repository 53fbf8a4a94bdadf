"""One process at a time looks at everything and has people told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import NAMESPACE_OID, uuid5

from application.operations.observe_system import ObserveSystem
from application.ports.alert_channel import AlertChannel
from application.ports.clock import Clock
from application.ports.ids import Ids
from application.ports.outage_record import OutageRecord
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.operations.alert import REMIND_EVERY, Alert, AlertId, AlertState, Notice, NoticeKind, evaluate
from domain.operations.alert_rules import DATABASE_AWAY, RULES_BY_NAME, WHOLE_SYSTEM
from domain.operations.job import NOTICE_QUEUE

JOB_KIND = "alerts.notify"
# The channel that needs the database.
MAIL = "mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOverSystem:
    """The state of an alert and the jobs that tell of it are written together: it is told once. `log` is told at once,
    the other `channels`, by name, through jobs.

    While the database is away nothing can be written: `database_away` tells the `direct` channels without jobs, and the
    alert is written when the database is back.
    """

    observe: ObserveSystem
    unit_of_work: UnitOfWorkFactory
    clock: Clock
    ids: Ids
    outage: OutageRecord
    log: AlertChannel
    channels: Sequence[str]
    direct: Sequence[AlertChannel]

    async def execute(self) -> None:
        """One look. Raises Unavailable while the database is away."""
        seen = await self.observe.execute()
        async with self.unit_of_work() as uow:
            found = evaluate(seen, await uow.alerts.known(), at=self.clock.now(), new_id=self.ids.new)
            await uow.alerts.save(found.changed)
            for notice in found.notices:
                await self._have_told(uow, notice)
        for notice in found.notices:
            await self.log.send(notice)

    async def database_away(self, lasted: timedelta, *, is_told: bool) -> Notice | None:
        """What is to be told, by this process, of a database that has been away for so long; None when that is too
        short, or another process tells it. `is_told`: this process has told that it began."""
        if lasted.total_seconds() <= RULES_BY_NAME[DATABASE_AWAY].limit:
            return None
        if not is_told and await self.outage.begin(self.clock.now() - lasted):
            kind = NoticeKind.STARTED
        elif lasted >= REMIND_EVERY and await self.outage.remind(lasted // REMIND_EVERY):
            kind = NoticeKind.GOES_ON
        else:
            return None
        return Notice(kind=kind, alerts=(self._of_database(lasted),))

    async def database_back(self) -> None:
        """Writes down the outage that was told, if there was one, and has its end told. It is forgotten only when that
        is written: whoever looks next finds it again, and writes the same once more."""
        since = await self.outage.present()
        if since is None:
            return
        alert, now = self._of_database(self.clock.now() - since), self.clock.now()
        alert.id = AlertId(uuid5(NAMESPACE_OID, f"{DATABASE_AWAY}:{since.isoformat()}"))
        alert.state, alert.resolved_at, alert.notified_at = AlertState.RESOLVED, now, now
        notice = Notice(kind=NoticeKind.ENDED, alerts=(alert,))
        async with self.unit_of_work() as uow:
            await uow.alerts.save([alert])
            await self._have_told(uow, notice)
        await self.outage.end()
        await self.log.send(notice)

    def _of_database(self, lasted: timedelta) -> Alert:
        now = self.clock.now()
        return Alert(
            id=AlertId(self.ids.new()),
            rule=DATABASE_AWAY,
            subject=WHOLE_SYSTEM,
            value=round(lasted.total_seconds()),
            since=now - lasted,
            last_seen_at=now,
            state=AlertState.FIRING,
            started_at=now - lasted,
            notified_at=now,
        )

    async def _have_told(self, uow: UnitOfWork, notice: Notice) -> None:
        ids = ",".join(str(alert.id) for alert in notice.alerts)
        first = notice.alerts[0]
        for channel in self.channels:
            payload = {"channel": channel, "notice": notice.kind.value, "alerts": ids}
            key = notice_key(first.id, told_as(notice), channel)
            await uow.jobs.enqueue(JOB_KIND, payload, queue=NOTICE_QUEUE, unique_key=key)


def told_as(notice: Notice) -> str:
    """A reminder is another each time; a beginning and an end are told once, whoever looks."""
    when = f":{notice.alerts[0].notified_at}" if notice.kind is NoticeKind.GOES_ON else ""
    return f"{notice.kind}{when}"


def notice_key(alert_id: AlertId, what: str, channel: str) -> str:
    """Of the job that tells it, where this alert is the first of those that are told together."""
    return f"alert:{alert_id}:{what}:{channel}"
