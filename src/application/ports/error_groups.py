"""Errors by the mistake they come from."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from domain.operations.error_group import ErrorSighting


@dataclass(slots=True, kw_only=True)
class SeenErrors:
    """One group as a process has seen it since it last told: the first and last instant, and how often."""

    sighting: ErrorSighting
    first_seen_at: datetime
    last_seen_at: datetime
    count: int = 1


class ErrorGroupView(Struct, frozen=True, kw_only=True, rename="camel"):
    """`message` is the line of code it came from, `frames` the way there through our code, the innermost last;
    `release` the one that met it last."""

    fingerprint: str
    kind: str
    place: str
    message: str
    frames: list[str]
    release: str
    count: int
    first_seen_at: datetime
    last_seen_at: datetime


class ErrorGroups(Protocol):
    """Promises, checked by `tests/contract/test_error_groups.py`: what several processes saw is added up; at most
    MOST_GROUPS are kept, those seen last; nothing but code is kept of an error."""

    @abstractmethod
    async def add(self, seen: Sequence[SeenErrors]) -> None: ...

    @abstractmethod
    async def recent(self, *, limit: int) -> list[ErrorGroupView]:
        """Those seen last come first."""
        ...


MOST_GROUPS = 500
