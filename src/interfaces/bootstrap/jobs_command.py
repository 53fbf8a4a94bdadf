"""`tailtribe jobs`: the operator looks after jobs and queues, straight in the database."""

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import click

from domain.operations.job import JobId, JobStatus, QueueName
from domain.shared.errors import DomainError
from domain.shared.texts import line
from interfaces.bootstrap.command_parts import console, with_parts

if TYPE_CHECKING:
    from application.use_cases import UseCases

T = TypeVar("T")

# By value: click would show the names.
QUEUES, STATUSES = [queue.value for queue in QueueName], [status.value for status in JobStatus]

# Written down here, since whoever only lists jobs should not wait for the scheduler's library.
SCHEDULED = {
    "bookings.complete": "default",
    "bookings.expire": "default",
    "operations.clean_up": "default",
    "payments.reconcile": "money",
    "payouts.decide": "money",
    "reports.send_statements": "reports",
}

job_argument = click.argument("job_id", metavar="ID", type=click.UUID)
queue_argument = click.argument("queue", type=click.Choice(QUEUES))


@click.group()
def jobs() -> None:
    """List, start, retry, drop and cancel jobs; pause and resume queues. What is changed goes into the audit log."""


@jobs.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Only these.")
@click.option("--kind", help="Only these, as in mail.send.")
@click.option("--queue", type=click.Choice(QUEUES), help="Only these.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
def list_jobs(status: str | None, kind: str | None, queue: str | None, limit: int) -> None:
    """List jobs, newest first."""
    from application.ports.job_queries import JobFilter
    from interfaces.bootstrap.jobs_shown import show_jobs

    wanted = JobFilter(
        status=None if status is None else JobStatus(status),
        kind=kind,
        queue=None if queue is None else QueueName(queue),
    )
    found, more = _done(lambda use_cases: use_cases.job_queries.jobs(wanted, limit=limit, after=None))
    show_jobs(found)
    if more is not None:
        console.print(f"There are more than these {limit}; see --limit.")


@jobs.command()
def watch() -> None:
    """Show queues and the newest jobs, every second anew. Ctrl-C ends."""
    from interfaces.bootstrap.jobs_shown import watch_jobs

    try:
        _done(watch_jobs)
    except KeyboardInterrupt:
        return


@jobs.command()
@click.argument("kind", type=click.Choice(sorted(SCHEDULED)))
def start(kind: str) -> None:
    """Do now what otherwise happens by the clock."""
    job_id = _done(lambda use_cases: use_cases.start_job.execute(kind=kind, queue=QueueName(SCHEDULED[kind])))
    console.print(f"{job_id} is queued.")


@jobs.command()
@job_argument
def retry(job_id: UUID) -> None:
    """Have a dead or cancelled job tried again, with all its tries and time."""
    _done(lambda use_cases: use_cases.retry_job.execute(admin=None, job_id=JobId(job_id)))
    console.print(f"{job_id} is queued.")


@jobs.command()
@job_argument
@click.option("--reason", help="Kept with the job.")
def drop(job_id: UUID, reason: str | None) -> None:
    """Give a dead job up for good."""

    async def work(use_cases: "UseCases") -> None:
        why = None if reason is None else line(reason, field="reason")
        await use_cases.drop_job.execute(admin=None, job_id=JobId(job_id), reason=why)

    _done(work)
    console.print(f"{job_id} is dropped.")


@jobs.command()
@job_argument
def cancel(job_id: UUID) -> None:
    """Cancel a job: at once if it waits, within seconds if it runs."""

    async def work(use_cases: "UseCases") -> JobStatus:
        await use_cases.cancel_job.execute(actor=None, job_id=JobId(job_id))
        return (await use_cases.job_queries.job(job_id)).status

    cancelled = _done(work) is JobStatus.CANCELLED
    console.print(f"{job_id} is cancelled." if cancelled else f"{job_id} is asked to stop.")


@jobs.command()
@queue_argument
def pause(queue: str) -> None:
    """Let the jobs of a queue wait until it is resumed."""
    _done(lambda use_cases: use_cases.pause_queue.execute(admin=None, queue=QueueName(queue)))
    console.print(f"{queue} is paused.")


@jobs.command()
@queue_argument
def resume(queue: str) -> None:
    """Let a paused queue go on."""
    _done(lambda use_cases: use_cases.resume_queue.execute(admin=None, queue=QueueName(queue)))
    console.print(f"{queue} goes on.")


def _done(work: Callable[["UseCases"], Awaitable[T]]) -> T:
    """Ends the command with 1 when the work is refused."""
    from application.use_cases import build_use_cases

    try:
        return with_parts(lambda parts: work(build_use_cases(parts.adapters)))
    except DomainError as error:
        console.print(f"Not done: {error}", style="red")
        sys.exit(1)
