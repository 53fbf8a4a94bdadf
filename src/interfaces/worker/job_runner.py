"""Runs one job record: claims it, works under a lease, and writes how it went."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from application.correlation import correlation_id
from application.ports.circuit_breakers import CircuitOpen
from application.ports.clock import Clock
from application.ports.job_records import ClaimedJob, JobRecords
from application.ports.mail import MailRefused
from application.ports.metrics import Metrics
from application.ports.payments import PaymentRefused
from domain.operations.retries import FIVE_TRIES, RetryPolicy
from domain.shared.errors import NotFound

log = structlog.get_logger(__name__)

MESSAGE_VERSION = 1
# How often a lease is renewed, and so how soon a running job notices that it is to be cancelled.
RENEW_SECONDS = 2.0
_REFUSED_FOR_GOOD = (MailRefused, PaymentRefused, NotFound)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """How a kind of job is worked on, how often it is tried, and how long one try may take."""

    run: Callable[[ClaimedJob], Awaitable[None]]
    retries: RetryPolicy = FIVE_TRIES
    time_limit_seconds: float = 30.0


class JobRunner:
    """The one entry of every worker. Safe to call twice with the same id: the second call finds nothing to claim."""

    def __init__(
        self,
        records: JobRecords,
        kinds: Mapping[str, JobKind],
        *,
        clock: Clock,
        metrics: Metrics,
        renew_every_seconds: float = RENEW_SECONDS,
    ) -> None:
        self._records = records
        self._renew_every_seconds = renew_every_seconds
        self._kinds = kinds
        self._clock = clock
        self._metrics = metrics

    async def run(self, job_id: UUID, version: int) -> None:
        """Works on the job if it is free and due. A job of an unknown kind or message version is buried with the
        reason."""
        job = await self._records.claim(job_id)
        if job is None:
            return
        token = correlation_id.set(job.correlation_id)
        started = time.perf_counter()
        try:
            outcome = await self._work(job, version)
            seconds = time.perf_counter() - started
            self._metrics.job_finished(kind=job.kind, outcome=outcome, seconds=seconds)
            log.info("job.finished", kind=job.kind, job_id=str(job.id), outcome=outcome, ms=round(seconds * 1000, 1))
        finally:
            correlation_id.reset(token)

    async def _work(self, job: ClaimedJob, version: int) -> str:
        kind = self._kinds.get(job.kind)
        if kind is None or version != MESSAGE_VERSION:
            await self._records.bury(job, error=f"this release knows no {job.kind} of version {version}")
            return "dead"
        if kind.retries.max_tries is not None and job.attempts > kind.retries.max_tries:
            await self._records.bury(job, error="every try ended without a word: it may have killed its workers")
            return "dead"
        task = asyncio.ensure_future(kind.run(job))
        try:
            ended = await self._watch(job, task, kind.time_limit_seconds)
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.ensure_future(self._hand_back(job, task)))
            raise
        finally:
            # Out of time, or the lease is lost or cannot be renewed: whoever takes over must find nobody at work.
            if not task.done():
                await _stop(task)
        if ended == "cancelled" and task.cancelled():
            # Its record says cancelled instead of dead: that was asked for.
            await self._records.bury(job, error="cancelled while it ran")
            return ended
        if ended is not None and ended != "cancelled":
            return await self._failed(job, kind, TimeoutError(ended)) if ended == "time limit" else ended
        return await self._settle(job, kind, task)

    async def _hand_back(self, job: ClaimedJob, task: "asyncio.Future[None]") -> None:
        await _stop(task)
        await self._records.hand_back(job, run_at=self._clock.now())

    async def _watch(self, job: ClaimedJob, task: "asyncio.Future[None]", limit: float) -> str | None:
        """Renews the lease while the task runs. None when the task ended by itself."""
        deadline = time.monotonic() + limit
        while True:
            left = deadline - time.monotonic()
            done, _ = await asyncio.wait({task}, timeout=max(0.0, min(self._renew_every_seconds, left)))
            if done:
                return None
            if time.monotonic() >= deadline:
                return "time limit"
            if not await self._records.renew(job):
                return "lease lost"
            if await self._records.is_cancel_requested(job):
                return "cancelled"

    async def _settle(self, job: ClaimedJob, kind: JobKind, task: "asyncio.Future[None]") -> str:
        error = asyncio.CancelledError("cancelled from within") if task.cancelled() else task.exception()
        if error is None:
            await self._records.succeed(job)
            return "succeeded"
        if isinstance(error, CircuitOpen):
            await self._records.hand_back(job, run_at=self._clock.now() + timedelta(seconds=error.retry_after))
            return "postponed"
        return await self._failed(job, kind, error)

    async def _failed(self, job: ClaimedJob, kind: JobKind, error: BaseException) -> str:
        reason = f"{type(error).__name__}: {error}"
        log.warning("job.failed", kind=job.kind, job_id=str(job.id), attempt=job.attempts, exc_info=error)
        now = self._clock.now()
        delay = kind.retries.next_delay(attempts=job.attempts, age=now - job.tries_since, jitter=random.random())
        if delay is None or isinstance(error, _REFUSED_FOR_GOOD):
            await self._records.bury(job, error=reason)
            return "dead"
        await self._records.retry(job, error=reason, run_at=now + delay)
        return "retrying"


async def _stop(task: "asyncio.Future[None]") -> None:
    """Cancels the task and waits for its end, however it ends."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
