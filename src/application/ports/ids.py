"""Where new identifiers come from."""

from abc import abstractmethod
from typing import Protocol
from uuid import UUID


class Ids(Protocol):
    """Makes identifiers."""

    @abstractmethod
    def new(self) -> UUID:
        """A new UUIDv7 (RFC 9562): unique, and later ones of a process sort after earlier ones."""
        ...
