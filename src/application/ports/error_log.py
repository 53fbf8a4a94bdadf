"""Keeping errors that nobody expected."""

from abc import abstractmethod
from typing import Protocol


class ErrorLog(Protocol):
    """Takes a note, off the path of whoever met the error: it never raises and awaits nothing."""

    @abstractmethod
    def note(self, error: BaseException, *, place: str) -> None:
        """`place` is a route or a kind of job, from a bounded set. What the rules refuse is no error."""
        ...
