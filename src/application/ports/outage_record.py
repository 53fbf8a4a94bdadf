"""Remembering, outside the database, that the database is away."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class OutageRecord(Protocol):
    """So that of all processes one tells of it, one reminds of it, and one tells of its end.

    Promises, checked by `tests/contract/test_outage_record.py`: the first `begin` of an outage says True, over all
    processes while what they share is there, else in each of them; so does the first `end`, with the same instant.
    Whoever has heard that it was told does not tell it himself, whatever becomes of what they share.
    """

    @abstractmethod
    async def begin(self, since: datetime) -> bool: ...

    @abstractmethod
    async def remind(self, number: int) -> bool:
        """Whether this process is to tell for the `number`th time that it goes on; nobody is once its end was told."""
        ...

    @abstractmethod
    async def present(self) -> datetime | None:
        """Since when the database is away, if that was told; reading it changes nothing."""
        ...

    @abstractmethod
    async def end(self) -> datetime | None: ...

    @abstractmethod
    async def recovered(self) -> None:
        """The database answers this process: what it alone knows to have been told it tells the others, and it forgets
        the rest. The next outage is another."""
        ...
