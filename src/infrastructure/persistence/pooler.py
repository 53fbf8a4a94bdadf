"""Whether a pooler stands between us and PostgreSQL; nothing in an address says so."""

from typing import Any

# For connections that may lead to one: a statement has no name, so that it meets none of another client's.
UNPREPARED: dict[str, Any] = {
    "statement_cache_size": 0,
    "prepared_statement_name_func": str,
    "prepared_statement_cache_size": 0,
}


async def is_behind_pooler(connection: Any) -> bool:
    """Of an asyncpg connection without a cache of statements, which is of no more use when this raises. A pooler tells
    its clients numbers of its own making instead of the server process's, as the process may be another in each
    transaction."""
    # Not as a block: whoever is cancelled must not ask for a rollback while asyncpg is still giving up the statement.
    transaction = connection.transaction()
    await transaction.start()
    backend = await connection.fetchval("SELECT pg_backend_pid()")
    await transaction.rollback()
    return backend != connection.get_server_pid()
