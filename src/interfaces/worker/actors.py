"""The Dramatiq actor that carries every job."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import dramatiq

RunJob = Callable[[UUID, int], Awaitable[None]]


def declare_actors(broker: dramatiq.Broker, run_job: RunJob) -> None:
    """Declares `jobs.run` on the broker. It never retries by Dramatiq: tries are counted in the job's record."""

    async def run(job_id: str, version: int) -> None:
        await run_job(UUID(job_id), version)

    dramatiq.actor(broker=broker, actor_name="jobs.run", queue_name="default")(run)
