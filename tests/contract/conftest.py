"""Fixtures for tests that need a database of their own, or every provider of payments."""

from tests.support.payment_providers import played_stripe, provider
from tests.support.stores import migrated_postgres, peopled, postgres_store, sqlite_store, store

__all__ = ["migrated_postgres", "peopled", "played_stripe", "postgres_store", "provider", "sqlite_store", "store"]
