"""Runs one job record: claims it, works under a lease, and writes how it went."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

import structlog

from application.correlation import correlation_id
from application.ports.circuit_breakers import CircuitOpen
from application.ports.clock import Clock
from application.ports.error_log import ErrorLog
from application.ports.job_records import LEASE_SECONDS, ClaimedJob, JobRecords, Lease, LeaseLost
from application.ports.mail import MailRefused
from application.ports.metrics import Metrics
from application.ports.pace import Pace
from application.ports.payments import PaymentRefused
from application.ports.tracing import SpanKind, Tracing
from application.running_job import RunningJob, running_job
from application.trace_parent import trace_parent
from domain.operations.retries import FIVE_TRIES, RetryPolicy
from domain.shared.errors import NotFound, Unavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")

MESSAGE_VERSION = 1
# How often a lease is renewed, and so how soon a running job notices that it is to be cancelled.
RENEW_SECONDS = 2.0
_REFUSED_FOR_GOOD = (MailRefused, PaymentRefused, NotFound)
# A lane waits for its turn rather than taking jobs only to hand them back.
LONGEST_WAIT_FOR_TURN_SECONDS = 60.0
# However long a breaker says it will be open: it may be reset before.
LONGEST_POSTPONEMENT = timedelta(seconds=60)
# The database may be away when an outcome is to be written. There is nothing else to do meanwhile.
PATIENCE_SECONDS = 600.0
LOOK_AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Provider:
    """Who is asked by a kind of job, and how often he may be asked by all workers together."""

    name: str
    per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """How a kind of job is worked on, how often and for how long it is tried, who is asked in it, and which versions of
    its payload it can read."""

    run: Callable[[ClaimedJob], Awaitable[None]]
    retries: RetryPolicy = FIVE_TRIES
    time_limit_seconds: float = 30.0
    provider: Provider | None = None
    payload_versions: frozenset[int] = frozenset({1})


class NotOurTurn(Exception):
    """Too many others want to ask the provider first."""

    def __init__(self, seconds: float) -> None:
        self.retry_after = seconds


class JobRunner:
    """The one entry of every worker. Safe to call twice with the same id: the second call finds nothing to claim."""

    def __init__(
        self,
        records: JobRecords,
        kinds: Mapping[str, JobKind],
        *,
        clock: Clock,
        metrics: Metrics,
        pace: Pace,
        errors: ErrorLog | None = None,
        tracing: Tracing | None = None,
        lease_seconds: float = LEASE_SECONDS,
        renew_every_seconds: float = RENEW_SECONDS,
        look_every_seconds: float = 1.0,
    ) -> None:
        self._records = records
        self._pace = pace
        self._lease_seconds = lease_seconds
        self._renew_every_seconds = renew_every_seconds
        self._look_every_seconds = min(look_every_seconds, renew_every_seconds)
        self._under_way: set[asyncio.Task[object]] = set()
        self._is_handing_back = False
        self._kinds = kinds
        self._clock = clock
        self._metrics = metrics
        self._errors = errors
        self._tracing = tracing

    async def run(self, job_id: UUID, version: int) -> None:
        """Works on the job if it is free and due. A job of an unknown kind or version is buried with the reason."""
        if self._is_handing_back:
            return
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._under_way.add(task)
        try:
            await self._run(job_id, version)
        except asyncio.CancelledError:
            # Whoever cancelled the caller wants to know; the one who hands everything back knows.
            if not self._is_handing_back:
                raise
            task.uncancel()
        finally:
            self._under_way.discard(task)

    def hand_back_all(self) -> None:
        """This process goes away: what runs is stopped and waits for another, the try not counted; nothing more
        begins here."""
        self._is_handing_back = True
        for task in self._under_way:
            task.cancel()

    async def _run(self, job_id: UUID, version: int) -> None:
        job = await self._records.claim(job_id)
        if job is None:
            return
        token, parent = correlation_id.set(job.correlation_id), trace_parent.set(job.trace_parent)
        started = time.perf_counter()
        try:
            outcome = await self._traced(job, version)
            seconds = time.perf_counter() - started
            self._metrics.job_finished(kind=job.kind, outcome=outcome, seconds=seconds)
            log.info("job.finished", kind=job.kind, job_id=str(job.id), outcome=outcome, ms=round(seconds * 1000, 1))
        finally:
            trace_parent.reset(parent)
            correlation_id.reset(token)

    async def _traced(self, job: ClaimedJob, version: int) -> str:
        if self._tracing is None:
            return await self._work(job, version)
        name = f"job {job.kind}"
        with self._tracing.span(name, SpanKind.CONSUMER) as span:
            outcome = await self._work(job, version)
            span.named(name, {"job.outcome": outcome, "job.attempt": job.attempts})
        return outcome

    async def _work(self, job: ClaimedJob, version: int) -> str:
        kind = self._kinds.get(job.kind)
        if kind is None or version != MESSAGE_VERSION or job.payload_version not in kind.payload_versions:
            reason = f"this release knows no {job.kind} of version {job.payload_version}, message version {version}"
            await _patiently(lambda: self._records.bury(job, error=reason))
            return "dead"
        running = RunningJob(claimed=job)
        task = asyncio.ensure_future(self._in_turn(kind, running))
        try:
            ended = await self._watch(running, task, kind.time_limit_seconds)
        except asyncio.CancelledError:
            await _whatever_comes(self._hand_back(running, kind, task))
            raise
        finally:
            # Out of time, or the lease is lost or cannot be renewed: whoever takes over must find nobody at work.
            if not task.done():
                await _stop(task)
        # What is being written about it now is written to its end, also when this process is told to go.
        self._under_way.discard(cast("asyncio.Task[object]", asyncio.current_task()))
        return await self._end(running, kind, task, ended)

    async def _end(self, running: RunningJob, kind: JobKind, task: "asyncio.Future[None]", ended: str | None) -> str:
        job = running.claimed
        if ended == "time limit" and not task.cancelled() and task.exception() is None:
            # It was done in the same moment.
            return await self._settle(running, kind, task)
        if ended == "cancelled" and task.cancelled():
            # Its record says cancelled instead of dead: that was asked for.
            await _patiently(lambda: self._records.bury(job, error="cancelled while it ran"))
            return ended
        if ended is not None and ended != "cancelled":
            return await self._failed(job, kind, TimeoutError(ended)) if ended == "time limit" else ended
        return await self._settle(running, kind, task)

    async def _in_turn(self, kind: JobKind, running: RunningJob) -> None:
        """The work itself, when the provider may be asked. Raises NotOurTurn when that is too far off."""
        if kind.provider is not None:
            turn = await self._pace.turn(
                kind.provider.name,
                per_second=kind.provider.per_second,
                longest_wait_seconds=LONGEST_WAIT_FOR_TURN_SECONDS,
            )
            if not turn.is_reserved:
                raise NotOurTurn(turn.seconds)
            await asyncio.sleep(turn.seconds)
        running.began_at = time.monotonic()
        running_job.set(running)
        await kind.run(running.claimed)

    async def _hand_back(self, running: RunningJob, kind: JobKind, task: "asyncio.Future[None]") -> None:
        await _stop(task)
        if not task.cancelled() and task.exception() is None:
            # It was done in the same moment.
            await self._settle(running, kind, task)
            return
        # When the lease has run out anyway, the process need not stay for it.
        now = self._clock.now
        await _patiently(lambda: self._records.hand_back(running.claimed, run_at=now()), seconds=LEASE_SECONDS)

    async def _watch(self, running: RunningJob, task: "asyncio.Future[None]", limit: float) -> str | None:
        """Renews the lease and writes progress while the task runs; its limit counts from its turn. None when the task
        ended by itself."""
        renewed_at, written = time.monotonic(), running.progress
        # Much work is over at once, and waiting with a limit costs more than that.
        await asyncio.sleep(0)
        while not task.done():
            left = running.seconds_left(limit)
            done, _ = await asyncio.wait({task}, timeout=max(0.0, min(self._look_every_seconds, left)))
            if done:
                break
            if running.seconds_left(limit) <= 0:
                return "time limit"
            now = time.monotonic()
            if now - renewed_at < self._renew_every_seconds and running.progress == written:
                continue
            lease = await self._renew(running)
            if lease is Lease.LOST or (lease is None and now - renewed_at >= self._lease_seconds):
                return "lease lost"
            if lease is Lease.UNWANTED:
                return "cancelled"
            if lease is Lease.HELD:
                renewed_at, written = now, running.progress
        return None

    async def _renew(self, running: RunningJob) -> Lease | None:
        """None when it cannot be told now whether the lease still holds."""
        try:
            return await self._records.renew(running.claimed, progress=running.progress)
        except Unavailable:
            return None

    async def _settle(self, running: RunningJob, kind: JobKind, task: "asyncio.Future[None]") -> str:
        job = running.claimed
        error = asyncio.CancelledError("cancelled from within") if task.cancelled() else task.exception()
        if error is None:
            held = running.is_finished or await _patiently(lambda: self._records.succeed(job))
            return "succeeded" if held else "lease lost"
        if isinstance(error, LeaseLost):
            return "lease lost"
        if isinstance(error, CircuitOpen | NotOurTurn):
            run_at = self._clock.now() + min(timedelta(seconds=error.retry_after), LONGEST_POSTPONEMENT)
            await _patiently(lambda: self._records.hand_back(job, run_at=run_at))
            return "postponed"
        return await self._failed(job, kind, error)

    async def _failed(self, job: ClaimedJob, kind: JobKind, error: BaseException) -> str:
        reason = f"{type(error).__name__}: {error}"
        log.warning("job.failed", kind=job.kind, job_id=str(job.id), attempt=job.attempts, exc_info=error)
        if self._errors is not None:
            self._errors.note(error, place=f"job {job.kind}")
        now = self._clock.now()
        delay = kind.retries.next_delay(attempts=job.attempts, age=now - job.tries_since, jitter=random.random())
        if delay is None or isinstance(error, _REFUSED_FOR_GOOD):
            await _patiently(lambda: self._records.bury(job, error=reason))
            return "dead"
        run_at = now + delay
        await _patiently(lambda: self._records.retry(job, error=reason, run_at=run_at))
        return "retrying"


async def _patiently(write: Callable[[], Awaitable[T]], *, seconds: float = PATIENCE_SECONDS) -> T:
    """Again and again while the database is away. Repeating does no harm: every write names the lease. Raises
    Unavailable in the end."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await write()
        except Unavailable:
            if time.monotonic() >= deadline:
                raise
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _whatever_comes(work: Coroutine[Any, Any, T]) -> T:
    """What is being written about a job is written to its end, also when this process is told to go."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


async def _stop(task: "asyncio.Future[None]") -> None:
    """Cancels the task and waits for its end, however it ends."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
