"""Jobs and queues on the operator's screen."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from application.operations.show_queues import QueueView
from application.ports.job_queries import AdminJobView, JobFilter
from application.use_cases import UseCases
from domain.operations.job import JobStatus
from interfaces.bootstrap.command_parts import console

WATCH_SECONDS = 1.0
WATCHED = 15
# Lines for another program are not folded to the width of a screen.
UNFOLDED_WIDTH = 240


def show_jobs(found: Sequence[AdminJobView]) -> None:
    paper = console if console.is_terminal else Console(width=UNFOLDED_WIDTH)
    paper.print(_jobs_table(found))


async def watch_jobs(use_cases: UseCases) -> None:
    """Until it is cancelled."""
    with Live(console=console, auto_refresh=False) as live:
        while True:
            queues = await use_cases.show_queues.execute()
            newest, _ = await use_cases.job_queries.jobs(JobFilter(), limit=WATCHED, after=None)
            live.update(Group(_queues_table(queues), _jobs_table(newest)), refresh=True)
            await asyncio.sleep(WATCH_SECONDS)


def _queues_table(queues: Sequence[QueueView]) -> Table:
    table = Table("Queue", "Waiting", "Running", "Dead", "Oldest", "Paused", box=SIMPLE_HEAD)
    for queue in queues:
        paused = "since " + _moment(queue.paused_at) if queue.paused_at else "no"
        numbers = (queue.depth, queue.running, queue.dead)
        table.add_row(queue.name, *map(str, numbers), f"{queue.oldest_seconds:.0f} s", paused)
    return table


def _jobs_table(found: Sequence[AdminJobView]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("Id", no_wrap=True, min_width=36)
    for name in ("Kind", "Queue", "Status", "Attempts", "Created", "Error"):
        table.add_column(name, overflow="fold")
    for job in found:
        status = "stopping" if job.status is JobStatus.RUNNING and job.cancel_requested_at else job.status
        told = (job.kind, job.queue, status, str(job.attempts), _moment(job.created_at), job.error or "")
        table.add_row(str(job.id), *map(escape, told))
    return table


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).strftime("%d %b %H:%M:%S")
