"""Storing passwords so that they cannot be read back."""

from abc import abstractmethod
from typing import Protocol


class PasswordHasher(Protocol):
    """Argon2id off the event loop. `verify` takes as long for an absent hash as for a wrong password."""

    @abstractmethod
    async def hash(self, password: str) -> str: ...

    @abstractmethod
    async def verify(self, password: str, password_hash: str | None) -> bool: ...

    @abstractmethod
    def is_common(self, password: str) -> bool:
        """Whether the password is on the list of those that attackers try first."""
        ...
