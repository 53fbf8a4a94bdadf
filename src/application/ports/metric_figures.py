"""What all measurements add up to."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class MetricsSummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the last minutes looked like, over all processes. Times in milliseconds, rates 0 to 1, windows as in the
    product's operations numbers: the last full 60 seconds for what is told per minute, else the last 5 minutes."""

    active_users: int
    requests_per_minute: int
    errors_per_minute: int
    p95_of_minute: float
    mean_of_minute: float
    avg_response_time: float
    p50: float
    p95: float
    p99: float
    error_rate: float
    errors_last_five_minutes: int
    db_query_time: float
    queries_per_request: float
    cache_hit_rate: float
    cache_hits: int
    cache_misses: int
    cache_stale: int


class Gauge(Struct, frozen=True, kw_only=True):
    """A value as it is now."""

    name: str
    value: float
    labels: Mapping[str, str] = {}


class MetricFigures(Protocol):
    """Adds up what every process has measured.

    Promises, checked by `tests/contract/test_metrics.py`: sums are exact, percentiles right to 2 %, what is older than
    its window is gone; a process that has ended is still counted for as long as the window reaches back. What others
    measured is here within 3 seconds, or 15 when they have nothing but queries of their own to tell. While what the
    processes share is away, the figures are those of this process; totals are not told then, as they never go back.
    """

    @abstractmethod
    async def summary(self, *, watching: bool = False, minute_until: datetime | None = None) -> MetricsSummary:
        """With `watching` the others tell what they measure about once a second for a while. With `minute_until`, the
        end of a minute by the clock, not much more than a minute ago, it is the summary of then."""
        ...

    @abstractmethod
    async def exposition(self, gauges: Sequence[Gauge]) -> bytes:
        """Every total over all processes, the gauges, and `tailtribe_totals_up`, in Prometheus' text format 0.0.4."""
        ...
