"""A job writes only while it is its own: the fence between a holder and whoever took over from him."""

from datetime import timedelta

from sqlalchemy import update

from application.ports.job_records import LEASE_SECONDS, LeaseLost
from application.running_job import running_job
from infrastructure.persistence.jobs.job_tables import JobStatus, jobs
from infrastructure.persistence.transaction import Transaction


async def pass_fence(transaction: Transaction) -> None:
    """The last statement of a transaction made by a job: its lease must still hold, and does until the commit, since
    the row is locked. Raises LeaseLost. Outside a job there is no fence."""
    job = running_job.get()
    if job is None:
        return
    now = transaction.clock.now()
    values = (
        {"status": JobStatus.SUCCEEDED.value, "progress": 1.0, "error": None, "finished_at": now, "lease_id": None}
        | {"lease_until": None, "result_url": transaction.result_url}
        if transaction.finishes_job
        else {"lease_until": now + timedelta(seconds=LEASE_SECONDS)}
    )
    held = update(jobs).where(jobs.c.id == job.claimed.id, jobs.c.lease_id == job.claimed.lease_id)
    if (await transaction.execute(held.values(**values))).rowcount != 1:
        raise LeaseLost


def note_finish(transaction: Transaction) -> None:
    """After the commit: nothing is left to be written about a job that ended with its effect."""
    job = running_job.get()
    if job is not None and transaction.finishes_job:
        job.is_finished = True
