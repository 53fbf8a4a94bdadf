"""Asking one part of the system whether it works."""

from abc import abstractmethod
from typing import Protocol


class HealthProbe(Protocol):
    """A cheap question to one dependency."""

    @abstractmethod
    async def check(self) -> None:
        """Returns when the part works; raises Unavailable when it does not. Takes a second at most."""
        ...
