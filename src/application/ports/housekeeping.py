"""Forgetting what nobody needs any more."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class Housekeeping(Protocol):
    """Deletes rows that have served: bounded work, safe to repeat, never anything a rule still reads."""

    @abstractmethod
    async def clean_up(self, *, now: datetime) -> int:
        """How many rows went."""
        ...
