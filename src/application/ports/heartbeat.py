"""Telling somebody outside that we are alive."""

from abc import abstractmethod
from typing import Protocol


class Heartbeat(Protocol):
    """A dead man's switch: who stops beating is missed by others, whatever of him is broken."""

    @abstractmethod
    async def beat(self) -> None:
        """Returns within seconds, and never raises: the next one comes in a minute."""
        ...
