"""Where invalidations are written down with the change that made them."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from infrastructure.cache.invalidation import Invalidation


class InvalidationJournal(Protocol):
    """Kept by the database: what is in it has been committed, and what was committed is in it until it was removed.

    All raise Unavailable when the database is away.
    """

    @abstractmethod
    async def write(self, tags: Collection[str] | None) -> Invalidation:
        """Writes it in a transaction of its own; None is everything."""
        ...

    @abstractmethod
    async def read(self, *, back_seconds: float | None) -> Sequence[Invalidation]:
        """What was written in the last `back_seconds` by the clock of the database (None: ever), was committed before
        the call and was not removed. For very many one of everything is answered."""
        ...

    @abstractmethod
    async def read_left_behind(self) -> Sequence[Invalidation]:
        """The oldest of those that nobody has removed for so long that nobody seems to be about to. One of everything
        has taken their place when they had become many."""
        ...

    @abstractmethod
    async def remove(self, ids: Collection[UUID]) -> None: ...
