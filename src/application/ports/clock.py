"""The only source of the present instant."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; tests set it."""

    @abstractmethod
    def now(self) -> datetime:
        """The present instant, aware, in UTC, never earlier than any instant told before by this object."""
        ...
