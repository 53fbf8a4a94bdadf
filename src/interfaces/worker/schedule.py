"""What happens by the clock, in Belgian time. A firing only records a job; one minute of one schedule exists once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # pyright: ignore[reportMissingTypeStubs]
from apscheduler.triggers.cron import CronTrigger  # pyright: ignore[reportMissingTypeStubs]
from apscheduler.triggers.interval import IntervalTrigger  # pyright: ignore[reportMissingTypeStubs]

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory

ZONE = ZoneInfo("Europe/Brussels")
# What is due at an hour is made up when it was missed no longer ago, and looked for so often.
MADE_UP_WITHIN = timedelta(hours=24)
LOOK_BACK_EVERY = timedelta(hours=1)

Scheduler = AsyncIOScheduler


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A kind of job and when it is due: minute, hour and day of the month as cron writes them, local time."""

    kind: str
    minute: str
    hour: str = "*"
    day: str = "*"
    queue: str = "default"

    @property
    def is_made_up(self) -> bool:
        """What comes every so many minutes finds at its next turn what a missed one would have found."""
        return self.hour != "*"

    @property
    def trigger(self) -> CronTrigger:
        return CronTrigger(minute=self.minute, hour=self.hour, day=self.day, timezone=ZONE)


SCHEDULE = (
    Scheduled(kind="bookings.expire", minute="*"),
    Scheduled(kind="bookings.complete", minute="*/15"),
    Scheduled(kind="payouts.decide", minute="*/15", queue="money"),
    Scheduled(kind="payments.reconcile", minute="30", hour="2", queue="money"),
    Scheduled(kind="reports.send_statements", minute="0", hour="6", day="1", queue="reports"),
    Scheduled(kind="operations.clean_up", minute="0", hour="3"),
)


def firing_key(scheduled: Scheduled, at: datetime) -> str:
    """Names a firing, so that of all processes one records it.

    By the local wall clock for what is due at an hour (the one that comes twice in October fires once), by UTC for what
    is due every so many minutes (it goes on through both).
    """
    zone = UTC if scheduled.hour == "*" else ZONE
    return f"schedule:{scheduled.kind}:{at.astimezone(zone):%Y-%m-%dT%H:%M}"


def latest_firing(scheduled: Scheduled, now: datetime) -> datetime | None:
    """When it was last due, if that is not too long ago to be made up."""
    trigger, latest = scheduled.trigger, None
    due = _next_firing(trigger, None, now - MADE_UP_WITHIN)
    while due is not None and due <= now:
        latest, due = due, _next_firing(trigger, due, due)
    return latest


def _next_firing(trigger: CronTrigger, previous: datetime | None, after: datetime) -> datetime | None:
    found = cast(
        "datetime | None",
        trigger.get_next_fire_time(  # pyright: ignore[reportUnknownMemberType]
            previous and previous.astimezone(ZONE), after.astimezone(ZONE)
        ),
    )
    return found and found.astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class FireSchedule:
    """Records the job of a firing, unless another process has done so."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, scheduled: Scheduled) -> None:
        await self._record(scheduled, self.clock.now())

    async def make_up(self, scheduled: Scheduled) -> None:
        """Records its latest firing, which may have been missed: no process was up, or the database was away."""
        due = latest_firing(scheduled, self.clock.now())
        if due is not None:
            await self._record(scheduled, due)

    async def _record(self, scheduled: Scheduled, due: datetime) -> None:
        key = firing_key(scheduled, due)
        async with self.unit_of_work() as uow:
            await uow.jobs.enqueue(scheduled.kind, {}, queue=scheduled.queue, unique_key=key)


Fire = Callable[[Scheduled], Awaitable[None]]


def start_scheduler(fire: Fire, make_up: Fire) -> Scheduler:
    """Starts the clock on the running loop, and at once looks for what was missed; the caller shuts it down."""
    scheduler = AsyncIOScheduler(timezone=ZONE)
    for scheduled in SCHEDULE:
        scheduler.add_job(  # pyright: ignore[reportUnknownMemberType]
            fire, scheduled.trigger, args=[scheduled], coalesce=True, misfire_grace_time=30, max_instances=1
        )
        if scheduled.is_made_up:
            every = IntervalTrigger(seconds=int(LOOK_BACK_EVERY.total_seconds()), timezone=ZONE)
            scheduler.add_job(  # pyright: ignore[reportUnknownMemberType]
                make_up, every, args=[scheduled], next_run_time=datetime.now(ZONE), misfire_grace_time=None
            )
    scheduler.start()
    return scheduler
