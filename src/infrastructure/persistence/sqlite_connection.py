"""A connection to SQLite that ends once, however many end it."""

import asyncio
import sqlite3
from typing import Any

import aiosqlite

_ROWS_AT_ONCE = 64


class SqliteConnection(aiosqlite.Connection):
    """When whoever closes a connection is cancelled, SQLAlchemy stops its thread while the closing goes on, which stops
    it again. In aiosqlite 0.22 the second waits for good for a thread that has ended, and its event loop never ends.
    """

    def __init__(self, database: str, **options: Any) -> None:
        """`options` are those of sqlite3.connect."""
        super().__init__(lambda: sqlite3.connect(database, **options), iter_chunk_size=_ROWS_AT_ONCE)
        # As SQLAlchemy has it: a process that ends does not wait for it.
        self._thread.daemon = True
        self._is_stopped = False
        self._end: asyncio.Future[Any] | None = None

    def stop(self) -> "asyncio.Future[Any] | None":
        if not self._is_stopped:
            self._is_stopped, self._end = True, super().stop()
        return self._end
