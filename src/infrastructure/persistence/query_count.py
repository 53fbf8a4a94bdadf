"""How many queries a piece of work has sent."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class QueryCount:
    count: int = 0


_counting: ContextVar[QueryCount | None] = ContextVar("counting", default=None)


@contextmanager
def counted_queries() -> Generator[QueryCount]:
    """Counts the queries of the block, and of tasks that it starts."""
    counting = QueryCount()
    reset = _counting.set(counting)
    try:
        yield counting
    finally:
        _counting.reset(reset)


def count_query() -> None:
    counting = _counting.get()
    if counting is not None:
        counting.count += 1
