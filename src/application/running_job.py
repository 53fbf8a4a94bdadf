"""The job under way, for the code that does its work."""

import time
from contextvars import ContextVar
from dataclasses import dataclass

from application.ports.job_records import ClaimedJob


@dataclass(slots=True, kw_only=True)
class RunningJob:
    """`progress` from 0 to 1, as its work last reported it; None when it never did. `began_at` (monotonic seconds) is
    None while it waits for its turn with a provider. `is_finished` once its record says so, together with its
    effect."""

    claimed: ClaimedJob
    progress: float | None = None
    began_at: float | None = None
    is_finished: bool = False

    def seconds_left(self, limit: float) -> float:
        """Of `limit` seconds since its turn came; all of them before."""
        return limit if self.began_at is None else limit - (time.monotonic() - self.began_at)


running_job: ContextVar[RunningJob | None] = ContextVar("running_job", default=None)


def report_progress(share: float) -> None:
    """Tells whoever looks how much of the job is done, 0 to 1; written within a second. Outside a job it says
    nothing."""
    job = running_job.get()
    if job is not None:
        job.progress = min(1.0, max(0.0, share))
