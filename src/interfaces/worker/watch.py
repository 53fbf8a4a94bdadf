"""Each process says that it is there; one of them watches over all."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from application.deadline import deadline_in
from application.operations.record_minute import RecordMinute, last_settled_minute
from application.operations.report_process import ReportProcess
from application.operations.watch_over_system import WatchOverSystem
from application.ports.alert_channel import AlertChannel
from application.ports.error_log import ErrorLog
from application.ports.heartbeat import Heartbeat
from domain.operations.alert import Notice
from domain.operations.alert_rules import DATABASE_AWAY, RULES_BY_NAME
from domain.shared.errors import Unavailable
from interfaces.worker.left_notices import LeftNotices

log = structlog.get_logger(__name__)

WATCH_SECONDS = 5.0
# Whoever waits longer for the database calls it away.
PATIENCE_SECONDS = 4.0
BEAT_SECONDS = MINUTE_SECONDS = 60.0
# Whoever leads, and fails so often one after another, lets another try.
PATIENT_LOOKS = 3
OUTAGE = timedelta(seconds=RULES_BY_NAME[DATABASE_AWAY].limit)


class Watch:
    """Runs in every process. While the database is away none leads; then each of them notices, and one tells."""

    def __init__(
        self,
        *,
        report: ReportProcess,
        watch: WatchOverSystem,
        record: RecordMinute,
        heartbeat: Heartbeat,
        notices: LeftNotices,
        errors: ErrorLog,
        process_id: str,
        role: str,
        every_seconds: float = WATCH_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._report = report
        self._watch = watch
        self._record = record
        self._heartbeat = heartbeat
        self._notices = notices
        self._errors = errors
        self._process_id = process_id
        self._role = role
        self._every_seconds = every_seconds
        self._patience_seconds = patience_seconds
        self._away_since: float | None = None
        self._away_for = timedelta(0)
        self._has_told_of_outage = False
        # What a channel did not take while there was nobody else to tell it.
        self._untold: list[tuple[AlertChannel, Notice]] = []
        self._failed_looks = 0
        # Whoever comes after an outage looks for its traces, and every minute for those that somebody left late.
        self._looked_back_at = self._beat_at = float("-inf")
        self._recorded: datetime | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Looks until cancelled, whatever comes: nobody else would notice that nobody looks."""
        while True:
            try:
                await self.look()
            except Exception as error:
                log.exception("watch.failed")
                self._errors.note(error, place="watch")
            await asyncio.sleep(self._every_seconds)

    async def look(self) -> None:
        try:
            with deadline_in(self._patience_seconds):
                await (self._step_down() if self._is_to_step_down() else self._look())
        except Unavailable as error:
            log.warning("watch.database_away", reason=type(error).__name__)
            await self._database_away()

    async def _look(self) -> None:
        """A database that answers the report and nothing else is as good as away: a whole look ends an outage."""
        if await self._report.execute(process_id=self._process_id, role=self._role):
            # Until it has succeeded.
            self._failed_looks += 1
            await self._lead()
        if self._away_since is not None:
            await self._watch.outage.recovered()
        self._away_since, self._has_told_of_outage, self._failed_looks = None, False, 0
        self._untold.clear()

    async def stop(self) -> None:
        """Another may lead at once."""
        with suppress(Unavailable), deadline_in(self._patience_seconds):
            await self._report.register.leave(self._process_id)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _is_to_step_down(self) -> bool:
        """Not before it had to tell of an outage: whoever follows counts its time anew."""
        is_told = self._away_since is None or self._away_for > OUTAGE
        return self._failed_looks >= PATIENT_LOOKS and is_told

    async def _step_down(self) -> None:
        """Until the next look another has the time to take over."""
        log.warning("watch.steps_down", failed_looks=self._failed_looks)
        self._failed_looks = 0
        await self._report.register.step_down(self._process_id)

    async def _lead(self) -> None:
        now = self._monotonic()
        await self._watch.execute()
        # Of an end is told only when the rules can be looked at again.
        if now - self._looked_back_at >= MINUTE_SECONDS:
            await self._watch.database_back()
            self._looked_back_at = now
        if self._watch.observe.unknown:
            log.warning("watch.unknown", figures=sorted(self._watch.observe.unknown))
        self._begin(self._notices.run(self._watch.clock.now()))
        minute = last_settled_minute(self._watch.clock.now())
        if minute != self._recorded:
            await self._record.execute(until=minute)
            self._recorded = minute
        if now - self._beat_at >= BEAT_SECONDS:
            self._beat_at = now
            # Nobody waits for whoever is slow to hear it.
            self._begin(self._heartbeat.beat())

    async def _database_away(self) -> None:
        now = self._monotonic()
        self._away_since = now if self._away_since is None else self._away_since
        self._looked_back_at = float("-inf")
        self._tell_again()
        # Whoever has told of it does not begin again: another leads, perhaps, and has written its end, and this process
        # alone is cut off.
        self._away_for = timedelta(seconds=now - self._away_since)
        notice = await self._watch.database_away(self._away_for, is_told=self._has_told_of_outage)
        if notice is not None:
            self._has_told_of_outage = True
            for channel in self._watch.direct:
                self._begin(self._tell(channel, notice))

    def _tell_again(self) -> None:
        untold, self._untold = self._untold, []
        for channel, notice in untold:
            self._begin(self._tell(channel, notice))

    async def _tell(self, channel: AlertChannel, notice: Notice) -> None:
        try:
            await channel.send(notice)
        except Unavailable as error:
            log.warning("alert.not_told", reason=type(error).__name__, title=notice.title)
            if self._away_since is not None:
                self._untold.append((channel, notice))

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("watch.failed", exc_info=error)
            self._errors.note(error, place="watch")
