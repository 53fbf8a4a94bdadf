"""Making and dropping databases of a test server."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

_CONNECT_SECONDS = 30


def create_database(admin_url: str, name: str, template: str | None = None) -> str:
    """Creates the database, as a copy of `template` if given, and returns its URL."""
    copied = f" TEMPLATE {_quoted(template)}" if template else ""
    _run(_execute(admin_url, f"CREATE DATABASE {_quoted(name)}{copied}"))
    return urlunsplit(urlsplit(admin_url)._replace(path=f"/{name}"))


def drop_database(admin_url: str, name: str) -> None:
    """Drops the database, also when somebody is still connected to it."""
    _run(_execute(admin_url, f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)"))


def rows(url: str, query: str) -> list[dict[str, Any]]:
    """What the query finds."""
    found: list[dict[str, Any]] = []

    async def fetch() -> None:
        connection = await asyncpg.connect(url, timeout=_CONNECT_SECONDS)
        try:
            found.extend(dict(row) for row in await connection.fetch(query))
        finally:
            await connection.close()

    _run(fetch())
    return found


def execute(url: str, statement: str) -> None:
    _run(_execute(url, statement))


def answers(admin_url: str) -> bool:
    """Whether the server takes connections."""
    try:
        _run(_execute(admin_url, "SELECT 1"))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=_CONNECT_SECONDS)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Runs it in a thread of its own, so that fixtures may call from inside a running loop as well."""
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, coroutine).result()
