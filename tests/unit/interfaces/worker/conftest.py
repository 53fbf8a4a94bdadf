"""A store for the worker's tests."""

from tests.support.stores import sqlite_store

__all__ = ["sqlite_store"]
