"""Bringing a database to the newest schema, and its gazetteer with it."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from infrastructure.persistence.constraint_errors import DatabaseUnavailable
from infrastructure.persistence.pooler import UNPREPARED

# An arbitrary number that all migrating processes agree on.
_MIGRATION_LOCK = 7_405_551_203


class GazetteerNotLoaded(Exception):
    """The process that loads the places failed; its output says why."""


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file. The scripts lie beside the sources, or inside the installed wheel."""
    here = Path(__file__).parent
    installed = here / "alembic"
    scripts = installed if installed.is_dir() else here.parents[2] / "alembic"
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str | None:
    """What a database that is up to date says."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


async def migrate(url: URL) -> None:
    """Upgrades to the newest revision; several processes at once wait for each other. Loads an empty gazetteer.

    Raises DatabaseUnavailable or GazetteerNotLoaded.
    """
    try:
        await on_connection(url, lambda connection: command.upgrade(alembic_config(connection), "head"))
    except (ConnectionError, TimeoutError) as error:
        raise DatabaseUnavailable from error
    await _load_places(url)


async def on_connection(url: URL, work: Callable[[Connection], Any]) -> None:
    """Runs Alembic's synchronous work on one connection of its own."""
    is_postgresql = url.get_backend_name() == "postgresql"
    engine = create_async_engine(url, poolclass=NullPool, connect_args=UNPREPARED if is_postgresql else {})
    try:
        async with engine.connect() as connection:
            await connection.run_sync(lambda sync: _locked(sync, work))
            await connection.commit()
    finally:
        await engine.dispose()


def _locked(connection: Connection, work: Callable[[Connection], Any]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    work(connection)


async def _load_places(url: URL) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "infrastructure.persistence.places.load_places",
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate(url.render_as_string(hide_password=False).encode())
    if process.returncode:
        raise GazetteerNotLoaded(errors.decode(errors="replace")[-500:])
