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
    async def read(self) -> Sequence[Invalidation]:
        """Everything that was committed before the call and not removed."""
        ...

    @abstractmethod
    async def read_left_behind(self) -> Sequence[Invalidation]:
        """The oldest of those that nobody has removed for so long that nobody seems to be about to."""
        ...

    @abstractmethod
    async def remove(self, ids: Collection[UUID]) -> None: ...
