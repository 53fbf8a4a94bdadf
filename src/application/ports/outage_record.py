"""Remembering, outside the database, that the database is away."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class OutageRecord(Protocol):
    """So that of all processes one tells of it, and one tells of its end.

    Promises, checked by `tests/contract/test_outage_record.py`: the first `begin` of an outage says True, over all
    processes while what they share is there, else in each of them; so does the first `end`, with the same instant.
    """

    @abstractmethod
    async def begin(self, since: datetime) -> bool: ...

    @abstractmethod
    async def present(self) -> datetime | None:
        """Since when the database is away, if that was told; reading it changes nothing."""
        ...

    @abstractmethod
    async def end(self) -> datetime | None: ...
