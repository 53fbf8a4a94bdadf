"""Errors that are the same mistake, told apart without a word of the data that met them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

FRAMES_THAT_COUNT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFrame:
    """A place in our code. `source` is the line as it was written: what stood in it when it ran is not there."""

    module: str
    function: str
    line: int
    source: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line} in {self.function}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSighting:
    """An exception that nobody expected: its type, where it came up (a route or a kind of job), and the frames of our
    code, the innermost last."""

    kind: str
    place: str
    frames: Sequence[CodeFrame]
    at: datetime

    @property
    def fingerprint(self) -> str:
        """The same for the same mistake, also after lines were added above it."""
        own = [f"{frame.module}:{frame.function}" for frame in self.frames[-FRAMES_THAT_COUNT:]]
        return sha256("\n".join([self.kind, self.place, *own]).encode()).hexdigest()

    @property
    def message(self) -> str:
        """The line of our code it came from. The exception's own words may hold anything, and are not kept."""
        return self.frames[-1].source if self.frames else ""
