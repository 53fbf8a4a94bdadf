"""How connections to PostgreSQL are set."""

from sqlalchemy import text

from tests.support.stores import Store, migrated_postgres, postgres_store

__all__ = ["migrated_postgres", "postgres_store"]


async def test_no_statement_is_compiled_first(postgres_store: Store) -> None:
    for place in (postgres_store.database.read, postgres_store.database.begin):
        async with place() as connection:
            assert (await connection.execute(text("SHOW jit"))).scalar_one() == "off"
