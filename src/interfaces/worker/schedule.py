"""What happens by the clock, in Belgian time. A firing only records a job; one minute of one schedule exists once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # pyright: ignore[reportMissingTypeStubs]
from apscheduler.triggers.cron import CronTrigger  # pyright: ignore[reportMissingTypeStubs]

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory

ZONE = ZoneInfo("Europe/Brussels")

Scheduler = AsyncIOScheduler


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A kind of job and when it is due: minute and hour as cron writes them, local time."""

    kind: str
    minute: str
    hour: str = "*"
    queue: str = "default"


SCHEDULE = (
    Scheduled(kind="bookings.expire", minute="*"),
    Scheduled(kind="operations.clean_up", minute="0", hour="3"),
)


def firing_key(scheduled: Scheduled, at: datetime) -> str:
    """Names a firing, so that of all processes one records it.

    By the local wall clock for what is due at an hour (the one that comes twice in October fires once), by UTC for what
    is due every so many minutes (it goes on through both).
    """
    zone = UTC if scheduled.hour == "*" else ZONE
    return f"schedule:{scheduled.kind}:{at.astimezone(zone):%Y-%m-%dT%H:%M}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FireSchedule:
    """Records the job of a firing, unless another process has done so. A firing missed while all were down is not
    made up."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    async def execute(self, scheduled: Scheduled) -> None:
        key = firing_key(scheduled, self.clock.now())
        async with self.unit_of_work() as uow:
            await uow.jobs.enqueue(scheduled.kind, {}, queue=scheduled.queue, unique_key=key)


def start_scheduler(fire: Callable[[Scheduled], Awaitable[None]]) -> Scheduler:
    """Starts the clock on the running loop; the caller shuts it down."""
    scheduler = AsyncIOScheduler(timezone=ZONE)
    for scheduled in SCHEDULE:
        trigger = CronTrigger(minute=scheduled.minute, hour=scheduled.hour, timezone=ZONE)
        scheduler.add_job(  # pyright: ignore[reportUnknownMemberType]
            fire, trigger, args=[scheduled], coalesce=True, misfire_grace_time=30, max_instances=1
        )
    scheduler.start()
    return scheduler
