"""The figures of past minutes."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class MinuteFigures(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a minute looked like over all processes; times in milliseconds, rates 0 to 1, `score` that of health."""

    minute: datetime
    requests: int
    errors: int
    p95: float
    mean: float
    active_users: int
    cache_hit_rate: float
    score: int


class FigureHistory(Protocol):
    """Keeps a point a minute, over restarts, in the database: it is there in every set-up, and one row a minute is
    nothing to it. Checked by `tests/contract/test_figure_history.py`."""

    @abstractmethod
    async def add(self, figures: MinuteFigures) -> None:
        """Of two points of one minute the first is kept."""
        ...

    @abstractmethod
    async def since(self, instant: datetime) -> Sequence[MinuteFigures]:
        """The oldest first."""
        ...
