"""One process of the product: its parts, its use cases, and the work that goes on in the background."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import structlog

from application.deadline import deadline_in
from application.together import together
from application.use_cases import UseCases, build_use_cases
from domain.shared.errors import Unavailable
from interfaces.bootstrap.background_work import BackgroundWork, kept_going
from interfaces.bootstrap.production import Parts
from interfaces.worker.actors import declare_actors
from interfaces.worker.job_kinds import KindsOf, job_kinds
from interfaces.worker.job_runner import JobRunner
from interfaces.worker.left_notices import LeftNotices
from interfaces.worker.schedule import FireSchedule, Scheduled, Scheduler, start_scheduler
from interfaces.worker.watch import Watch

GOODBYE_SECONDS = 5.0
REHEARSAL_SECONDS = 3.0
FRONT_PAGE_SECONDS = 2.0

log = structlog.get_logger(__name__)


@asynccontextmanager
async def _tried(what: str, seconds: float) -> AsyncGenerator[None]:
    """What a start is better with, and does not need."""
    try:
        with deadline_in(seconds):
            yield
    except Unavailable as error:
        log.info("start.not_prepared", what=what, reason=type(error).__name__)
    except Exception as error:
        # Whatever it is, of rights or of another release maybe: it is seen, and everything works without it.
        log.warning("start.not_prepared", what=what, reason=type(error).__name__, exc_info=error)


class Container:
    """Built once per process, on its event loop. `start` needs no service to be there; `stop` lets work finish."""

    def __init__(self, parts: Parts, kinds: KindsOf = job_kinds, *, role: str = "api") -> None:
        self.parts = parts
        self.use_cases: UseCases = build_use_cases(parts.adapters)
        adapters = parts.adapters
        self._runner = JobRunner(
            adapters.job_records,
            kinds(self.use_cases, mail_per_second=parts.mail_per_second),
            clock=adapters.clock,
            metrics=adapters.metrics,
            pace=adapters.pace,
            errors=adapters.error_log,
            tracing=parts.tracing,
        )
        self._watch = Watch(
            report=self.use_cases.report_process,
            watch=self.use_cases.watch_over_system,
            record=self.use_cases.record_minute,
            heartbeat=adapters.heartbeat,
            notices=LeftNotices(adapters.job_queries, self.run_job),
            errors=adapters.error_log,
            process_id=parts.process_id,
            role=role,
            every_seconds=parts.watch_seconds,
        )
        self._draining: asyncio.TimerHandle | None = None
        self._fire = FireSchedule(unit_of_work=adapters.unit_of_work, clock=adapters.clock)
        self._scheduler: Scheduler | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Starts relay and scheduler, and the worker when it lives in this process."""
        if self.parts.in_process is not None:
            declare_actors(self.parts.in_process.broker, self.run_job)
            await self.parts.in_process.start()
        await self.parts.breakers.start()
        self._scheduler = start_scheduler(self._fire_scheduled, self._make_up)
        self._spawn(self.parts.relay.run)
        self._spawn(self.parts.journal.run)
        for work in self.parts.cache_work:
            self._spawn(work)
        self._spawn(self.parts.errors.run)
        self._spawn(self.parts.metrics.run)
        self._spawn(self.parts.loop_lag.run)
        self._spawn(self._watch.run)
        if self.parts.wake_ups is not None:
            self._spawn(self.parts.wake_ups.run)

    async def rehearse(self) -> None:
        """Spares the first requests what a new process has to do once. Ends early when the database is away or slow.

        Not with SQLite, where each connection is a thread with a memory of its own: it has those that are needed.
        """
        database = self.parts.database
        if database.is_sqlite:
            return
        async with _tried("rehearsal", REHEARSAL_SECONDS):
            await database.open()
            await self.use_cases.rehearse_reads.execute(at_once=database.readers)
            await together(self._rehearse_writes() for _ in range(database.writers))

    async def _rehearse_writes(self) -> None:
        async with self.parts.rehearsal() as unit_of_work:
            await self.use_cases.rehearse_writes.execute(unit_of_work)

    async def open_front_page(self) -> None:
        """Loads what most people see first, unless other processes remember it."""
        async with _tried("front_page", FRONT_PAGE_SECONDS):
            await self.use_cases.show_home.execute().answer()

    def drain(self) -> None:
        """Running jobs have so long to end; what is left then is handed back."""
        if self._draining is None:
            loop = asyncio.get_running_loop()
            self._draining = loop.call_later(self.parts.drain_seconds, self._runner.hand_back_all)

    async def stop(self) -> None:
        """Takes no more work, lets running jobs end, closes connections."""
        self.drain()
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        await self.use_cases.live_feed.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.parts.in_process is not None:
            await self.parts.in_process.stop(self.parts.drain_seconds + GOODBYE_SECONDS)
        if self._draining is not None:
            self._draining.cancel()
        await self.parts.breakers.stop()
        await self.parts.journal.write()
        await self.parts.errors.write()
        await self.parts.metrics.stop()
        await self._watch.stop()
        await self.parts.close()

    async def run_job(self, job_id: UUID, version: int) -> None:
        await self._runner.run(job_id, version)

    async def _fire_scheduled(self, scheduled: Scheduled) -> None:
        try:
            await self._fire.execute(scheduled)
        except Unavailable:
            # The database is away; another process, or the next minute, records it.
            return

    async def _make_up(self, scheduled: Scheduled) -> None:
        try:
            await self._fire.make_up(scheduled)
        except Unavailable:
            # The next look back records it.
            return

    def _spawn(self, work: BackgroundWork) -> None:
        self._tasks.append(asyncio.create_task(kept_going(work)))
