"""Following one request through everything it causes."""

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from enum import Enum
from typing import Protocol


class SpanKind(Enum):
    SERVER = "server"
    CONSUMER = "consumer"
    CLIENT = "client"


class Span(Protocol):
    """Work under way."""

    @abstractmethod
    def named(self, name: str, attributes: Mapping[str, str | int]) -> None:
        """What it was is often known at its end only. Names and values come from bounded sets, and are nobody's
        data."""
        ...


class Tracing(Protocol):
    """Tells what took how long, and what caused it. Never raises, and awaits nothing."""

    @abstractmethod
    def span(self, name: str, kind: SpanKind) -> AbstractContextManager[Span]:
        """A part of the trace of `trace_parent`, which names it while it lasts."""
        ...

    @abstractmethod
    def finished(self, name: str, kind: SpanKind, *, seconds: float, attributes: Mapping[str, str]) -> None:
        """Work that has just ended."""
        ...
