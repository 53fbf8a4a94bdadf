"""The `tailtribe` command. Each command imports only what it needs: the supervisor of `serve` stays small."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from domain.shared.errors import DomainError
from interfaces.bootstrap.command_parts import console, read_settings, with_parts
from interfaces.bootstrap.jobs_command import jobs

if TYPE_CHECKING:
    from interfaces.bootstrap.production import Parts


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """TailTribe: pet care in Belgium and the Netherlands. Settings come from the environment; see docs/settings.md."""


@main.command()
def serve() -> None:
    """Serve the API; without REDIS_URL jobs run in the same process."""
    settings = read_settings()
    # The other commands need no server.
    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels
    from granian.server import Server

    if settings.database_url is None and not _is_migrated(settings.sqlite_file):
        # In a process of its own, so that this one, which stays, need not load what migrating takes.
        subprocess.run([sys.executable, "-m", "interfaces.bootstrap.cli", "migrate"], check=True)
    console.print(f"TailTribe on [bold]http://{settings.host}:{settings.port}[/] · API viewer at /docs · Ctrl-C stops")
    Server(
        "interfaces.bootstrap.http:create_app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=1,
        runtime_threads=1,
        loop=Loops.uvloop,
        respawn_failed_workers=True,
        workers_kill_timeout=settings.drain_seconds + 15,
        log_access=False,
        log_level=LogLevels.warning,
    ).serve()


@main.command()
@click.option("--queues", "-Q", help="Only these queues, with commas between: money,mail,default,reports.")
@click.option("--threads", default=32, show_default=True, help="Jobs at the same time.")
def worker(queues: str | None, threads: int) -> None:
    """Run jobs from Redis, in a process of its own. Exits with 2 when REDIS_URL is not set.

    Each queue has threads to itself: of 32, money has 8, mail and default 16 each, reports 4.
    """
    settings = read_settings()
    if settings.redis_url is None:
        console.print("REDIS_URL is not set; without it jobs run inside `tailtribe serve`.", style="red")
        sys.exit(2)
    from interfaces.bootstrap.worker_runtime import declare_worker, work

    names = [name.strip() for name in (queues or "").split(",") if name.strip()]
    try:
        work(declare_worker(settings), queues=names, threads=threads, drain_seconds=settings.drain_seconds)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--queues") from None


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema, and load the gazetteer."""
    from infrastructure.persistence.database import database_url
    from infrastructure.persistence.migrations import migrate as upgrade

    settings = read_settings()
    settings.data_path.mkdir(parents=True, exist_ok=True)
    address = database_url(settings.database_direct_url or settings.database_url, settings.data_path)
    try:
        with console.status("Migrating the database and loading places …"):
            asyncio.run(upgrade(address))
    except DomainError as error:
        console.print(f"Not done: {error}", style="red")
        sys.exit(1)
    console.print("The database is up to date.")


@main.command("create-admin")
@click.option("--email", required=True, help="The admin's address; a known account is promoted.")
def create_admin(email: str) -> None:
    """Make an admin who can sign in at once. The password comes on standard input."""
    password = sys.stdin.readline().rstrip("\r\n")

    from application.use_cases import build_use_cases

    async def create(parts: "Parts") -> None:
        await build_use_cases(parts.adapters).create_admin.execute(email=email, password=password)

    try:
        with_parts(create)
    except DomainError as error:
        console.print(f"Not done: {error}", style="red")
        sys.exit(1)
    console.print(f"{email} is an admin.")


@main.command()
def demo() -> None:
    """Load demo data: caregivers, owners, bookings in every state, an admin."""
    settings = read_settings()
    if settings.in_production:
        console.print("No demo data in production.", style="red")
        sys.exit(1)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from infrastructure.demo.demo_data import DemoData

    columns = (TextColumn("Loading the demo"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as progress:
        # Seen once there is something to load: the second time there is nothing.
        task = progress.add_task("demo", total=None, visible=False)

        async def load(parts: "Parts") -> object:
            data = DemoData(
                unit_of_work=parts.adapters.unit_of_work,
                database=parts.database,
                password_hasher=parts.adapters.password_hasher,
                geocoder=parts.adapters.geocoder,
                cache=parts.adapters.cache,
                clock=parts.adapters.clock,
                ids=parts.adapters.ids,
            )
            return await data.load(lambda done, total: progress.update(task, completed=done, total=total, visible=True))

        sign_ins = with_parts(load)
    console.print(str(sign_ins))


@main.command()
def doctor() -> None:
    """Check every configured service, and say what is wrong."""
    from interfaces.bootstrap.doctor import examine

    findings = asyncio.run(examine(read_settings()))
    for finding in findings:
        console.print(
            f"[{'green' if finding.ok else 'red'}]{'✓' if finding.ok else '✗'}[/] {finding.part}: {finding.detail}"
        )
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


def _is_migrated(file: Path) -> bool:
    if not file.exists():
        return False
    with closing(sqlite3.connect(file)) as connection:
        return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone())


main.add_command(jobs)


if __name__ == "__main__":
    main()
