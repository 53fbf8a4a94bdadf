"""The database: one engine to write, one to read, and a fair queue before each pool."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction, create_async_engine
from sqlalchemy.pool import NullPool

from application.deadline import DeadlineExceeded, deadline_in, seconds_left, within_deadline
from application.together import together
from infrastructure.persistence.constraint_errors import DatabaseUnavailable, translate
from infrastructure.persistence.pooler import UNPREPARED, is_behind_pooler
from infrastructure.persistence.query_count import count_query
from infrastructure.persistence.sqlite_connection import SqliteConnection

WAIT_SECONDS = 10.0
CONNECT_SECONDS = 5.0
COMMIT_SECONDS = 10.0
# To read, and as many to write. More than the cores can serve only wait in the database instead of before it, and each
# has to prepare its statements for itself.
POOL_SIZE = 4
# For work that nobody waits for: a server that hangs must not hold it up for good.
LONGEST_SECONDS = 120.0
INTERRUPT_EVERY_SECONDS = 0.05
# A connection to SQLite is a thread and a page cache; more readers than cores gain nothing.
SQLITE_READERS = 4
QueryListener = Callable[[float], None]


def database_url(setting: str | None, data_dir: Path) -> URL:
    """The SQLAlchemy address of `DATABASE_URL` (no driver in the name), or of the SQLite file in the data directory."""
    if not setting:
        return make_url(f"sqlite+aiosqlite:///{data_dir / 'tailtribe.sqlite3'}")
    url = make_url(setting)
    drivers = {"postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
    if url.drivername not in drivers:
        raise ValueError("DATABASE_URL must begin with postgresql:// or sqlite://")
    return url.set(drivername=drivers[url.drivername])


class Database:
    """Connections for units of work (`begin`) and for queries (`read`).

    Whatever has no deadline ends after `longest_seconds` as if it had one, on PostgreSQL.
    A first-in-first-out semaphore of the pool's size stands before each pool: without it the pool starves some waiters.
    Whoever waits longer than ten seconds, or than his deadline, gets DatabaseUnavailable. SQLite has a single writer,
    which its lock implies anyway.
    `pooled_elsewhere` says that a transaction-mode pooler stands before PostgreSQL: statements are not prepared then,
    and none stands outside a transaction, within which the server process stays the same. None: it is found out before
    the first connection.
    """

    def __init__(
        self,
        url: URL,
        *,
        pool_size: int = POOL_SIZE,
        on_query: QueryListener | None = None,
        pooled_elsewhere: bool | None = None,
        longest_seconds: float = LONGEST_SECONDS,
    ) -> None:
        self._longest_seconds = longest_seconds
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._url = url
        self.readers = min(pool_size, SQLITE_READERS) if self.is_sqlite else pool_size
        self.writers = 1 if self.is_sqlite else pool_size
        self._on_query = on_query
        self._is_known = self.is_sqlite or pooled_elsewhere is not None
        self._finding_out = asyncio.Lock()
        self._make_engines(pooled_elsewhere=bool(pooled_elsewhere))
        self._write_gate = asyncio.Semaphore(self.writers)
        self._read_gate = asyncio.Semaphore(self.readers)

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction: commits at the end of the block, rolls back when it raises.

        Raises DeadlineExceeded when the deadline comes before the block has ended. The deadline does not cut off a
        commit; one that is not answered for ten seconds is DatabaseUnavailable, and may have happened.
        """
        await self._find_out()
        async with _turn(self._write_gate), _translated(), _connected(self.write_engine) as connection:
            transaction = await connection.begin()
            try:
                with self._limit():
                    async with _in_time(connection):
                        yield connection
            except BaseException:
                await _roll_back(transaction)
                raise
            await _commit(transaction)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """A connection for queries that need no transaction. Raises DeadlineExceeded as `begin` does."""
        await self._find_out()
        engine = self.read_engine
        closes_at_once = self._commits_by_itself
        async with _turn(self._read_gate), _translated(), _connected(engine, closes_at_once) as connection:
            with self._limit():
                async with _in_time(connection):
                    yield connection

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[AsyncConnection]:
        """A connection for one statement that is its own transaction: PostgreSQL needs no round trips to begin and end
        one, unless it is behind a pooler."""
        await self._find_out()
        async with self.read() if self._commits_by_itself else self.begin() as connection:
            yield connection

    async def ping(self) -> None:
        """Raises DatabaseUnavailable when the database does not answer."""
        await _ask(self.read)

    async def open(self) -> None:
        """Opens all connections, so that nobody waits for it later. Raises DatabaseUnavailable."""
        ways = [self.begin] * self.writers + [self.read] * self.readers
        await together(_ask(way) for way in ways)

    async def dispose(self) -> None:
        await self.write_engine.dispose()
        await self.read_engine.dispose()

    def _limit(self) -> AbstractContextManager[None]:
        """SQLite is a file: it does not hang, and what takes long there is at work."""
        return nullcontext() if self.is_sqlite or seconds_left() is not None else deadline_in(self._longest_seconds)

    def _make_engines(self, *, pooled_elsewhere: bool) -> None:
        self._commits_by_itself = not (self.is_sqlite or pooled_elsewhere)
        self.write_engine = _engine(self._url, self.writers, read_only=False, pooled_elsewhere=pooled_elsewhere)
        self.read_engine = _engine(self._url, self.readers, read_only=True, pooled_elsewhere=pooled_elsewhere)
        for engine in (self.write_engine, self.read_engine):
            event.listen(engine.sync_engine, "after_cursor_execute", lambda *_: count_query())
            if self._on_query is not None:
                _time_queries(engine, self._on_query)

    async def _find_out(self) -> None:
        if self._is_known:
            return
        async with _translated(), within_deadline(), self._finding_out, asyncio.timeout(CONNECT_SECONDS):
            if not self._is_known and await _is_pooled(self._url):
                self._make_engines(pooled_elsewhere=True)
            self._is_known = True


async def _ask(connecting: Callable[[], AbstractAsyncContextManager[AsyncConnection]]) -> None:
    async with connecting() as connection:
        await connection.execute(text("SELECT 1"))


@asynccontextmanager
async def _turn(gate: asyncio.Semaphore) -> AsyncGenerator[None]:
    if gate.locked():
        await _wait_for_turn(gate)
    else:
        # Mostly: nobody holds it up, and nobody waits before.
        await gate.acquire()
    try:
        yield
    finally:
        gate.release()


async def _wait_for_turn(gate: asyncio.Semaphore) -> None:
    left = seconds_left()
    try:
        async with asyncio.timeout(WAIT_SECONDS if left is None else min(WAIT_SECONDS, left)):
            await gate.acquire()
    except TimeoutError:
        raise DatabaseUnavailable(retry_after=2) from None


@asynccontextmanager
async def _connected(engine: AsyncEngine, closes_at_once: bool = False) -> AsyncGenerator[AsyncConnection]:
    """A connection of the pool, waited for no longer than the deadline. `closes_at_once`: nothing is rolled back before
    it goes back, so that there is nothing to wait for."""
    connection = engine.connect()
    async with within_deadline():
        await connection.start()
    try:
        yield connection
    finally:
        if closes_at_once:
            await connection.close()
        else:
            # Whoever is cancelled meanwhile must not leave it behind. A task takes longer than most of our statements.
            await asyncio.shield(asyncio.ensure_future(connection.close()))


async def _commit(transaction: AsyncTransaction) -> None:
    try:
        async with asyncio.timeout(COMMIT_SECONDS):
            await transaction.commit()
    except TimeoutError as error:
        raise DatabaseUnavailable("The database did not say whether it kept the change.", retry_after=2) from error


async def _roll_back(transaction: AsyncTransaction) -> None:
    """On a connection that was given up there is nothing to do, and one that does not answer is given up."""
    try:
        async with asyncio.timeout(COMMIT_SECONDS):
            await transaction.rollback()
    except (DBAPIError, OSError):
        # Also what the rollback itself meets: the error that led here is the one to be told.
        await transaction.connection.invalidate()


@asynccontextmanager
async def _in_time(connection: AsyncConnection) -> AsyncGenerator[None]:
    """At the deadline the statement under way ends on the server, too. PostgreSQL is asked to by asyncpg when we stop
    waiting; SQLite works in a thread of ours that has to be told, and must not be left behind with its transaction."""
    left = seconds_left()
    if left is None:
        yield
    elif connection.dialect.name == "postgresql":
        try:
            async with within_deadline():
                yield
        except DeadlineExceeded:
            # A server that has fallen silent would not answer a rollback either.
            await connection.invalidate()
            raise
    elif left == 0:
        raise DeadlineExceeded
    else:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        interruption = asyncio.create_task(_interrupt_from(left, driver))
        try:
            yield
        finally:
            interruption.cancel()


async def _interrupt_from(seconds: float, connection: aiosqlite.Connection) -> None:
    """Again and again: each time it ends the statement of that moment only."""
    await asyncio.sleep(seconds)
    while True:
        await connection.interrupt()
        await asyncio.sleep(INTERRUPT_EVERY_SECONDS)


@asynccontextmanager
async def _translated() -> AsyncGenerator[None]:
    try:
        yield
    except DBAPIError as error:
        raise (translate(error) or error) from error
    except (ConnectionError, OSError) as error:
        raise DatabaseUnavailable from error


def _engine(url: URL, pool_size: int, *, read_only: bool, pooled_elsewhere: bool) -> AsyncEngine:
    options: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": WAIT_SECONDS,
        "hide_parameters": True,
        # The connection used last: its statements are prepared, and what its server process knows is in the caches.
        "pool_use_lifo": True,
    }
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, connect_args={"timeout": 10, "async_creator_fn": SqliteConnection}, **options)
        _tune_sqlite(engine, immediate=not read_only)
        return engine
    if pooled_elsewhere:
        return create_async_engine(url, connect_args={"timeout": CONNECT_SECONDS, **UNPREPARED}, **options)
    if read_only:
        options |= {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None}
    # To compile a statement takes longer than to run any of ours. A pooler would refuse to be told.
    connect = {"timeout": CONNECT_SECONDS, "server_settings": {"jit": "off"}}
    return create_async_engine(url, connect_args=connect, **options)


async def _is_pooled(url: URL) -> bool:
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": CONNECT_SECONDS, **UNPREPARED})
    async with engine.connect() as connection:
        return await is_behind_pooler((await connection.get_raw_connection()).driver_connection)


def _tune_sqlite(engine: AsyncEngine, *, immediate: bool) -> None:
    """Write-ahead log, foreign keys, and `BEGIN IMMEDIATE` for writers: the default BEGIN lets two check-then-writes
    pass."""

    def on_connect(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    event.listen(engine.sync_engine, "connect", on_connect)
    event.listen(engine.sync_engine, "begin", on_begin)


def _time_queries(engine: AsyncEngine, on_query: QueryListener) -> None:
    def before(_connection: Any, _cursor: Any, _sql: str, _parameters: Any, context: Any, _many: bool) -> None:
        context.started_at = time.perf_counter()

    def after(_connection: Any, _cursor: Any, _sql: str, _parameters: Any, context: Any, _many: bool) -> None:
        on_query(time.perf_counter() - context.started_at)

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)
