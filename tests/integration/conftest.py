"""Fixtures for tests that need a database of their own."""

from tests.support.booking_world import peopled_file, world
from tests.support.stores import migrated_postgres, peopled, postgres_store, sqlite_store, store

__all__ = ["migrated_postgres", "peopled", "peopled_file", "postgres_store", "sqlite_store", "store", "world"]
