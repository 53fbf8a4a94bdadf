"""Notices of alerts reach people also when no worker takes them up."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from application.deadline import forget_deadline
from application.ports.job_queries import JobQueries
from domain.operations.job import NOTICE_KINDS, NOTICE_QUEUE
from domain.shared.errors import Unavailable
from interfaces.worker.job_runner import MESSAGE_VERSION

# Workers that are there have taken a notice up by then. With a look every five seconds people hear within ten.
WAIT_SECONDS = 3.0
MOST_AT_ONCE = 20


class LeftNotices:
    """Redis may be away, or no worker there, or all of them may hang. Whoever runs a notice claims it like any worker,
    so that it is told once."""

    def __init__(
        self, jobs: JobQueries, run_job: Callable[[UUID, int], Awaitable[None]], *, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self._jobs = jobs
        self._run_job = run_job
        self._wait_seconds = wait_seconds

    async def run(self, due_by: datetime) -> None:
        """Gives the workers a moment, then runs here what was due by then and still lies there."""
        # Whoever asked for it does not wait.
        forget_deadline()
        await asyncio.sleep(self._wait_seconds)
        # While the database is away nothing is taken up, and what was is free again soon: the next look finds it.
        with suppress(Unavailable):
            left = await self._jobs.left_lying(NOTICE_QUEUE, NOTICE_KINDS, due_by=due_by, limit=MOST_AT_ONCE)
            await asyncio.gather(*(self._run_job(job_id, MESSAGE_VERSION) for job_id in left))
