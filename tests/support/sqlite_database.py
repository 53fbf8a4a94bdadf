"""A migrated SQLite database in a file of the test's own."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from alembic import command
from sqlalchemy.engine import URL

from infrastructure.persistence.database import Database, database_url
from infrastructure.persistence.migrations import alembic_config, on_connection

FILE_NAME = "tailtribe.sqlite3"


@asynccontextmanager
async def migrated_database(directory: Path) -> AsyncIterator[Database]:
    """Copies the template, which is migrated once a test session."""
    shutil.copy(_template(), directory / FILE_NAME)
    database = Database(database_url(None, directory))
    try:
        yield database
    finally:
        await database.dispose()


def copied_template(directory: Path) -> str:
    """The address of such a database, for who opens it himself."""
    return f"sqlite:///{shutil.copy(_template(), directory / FILE_NAME)}"


@cache
def _template() -> Path:
    directory = Path(mkdtemp(prefix="tailtribe-template-"))
    # A thread has no running loop, wherever the test that asks first stands.
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, _migrate(database_url(None, directory))).result()
    return directory / FILE_NAME


async def _migrate(url: URL) -> None:
    await on_connection(url, lambda connection: command.upgrade(alembic_config(connection), "head"))
