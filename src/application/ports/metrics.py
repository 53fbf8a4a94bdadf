"""Counting and timing what happens."""

from abc import abstractmethod
from typing import Protocol

from msgspec import Struct


class MetricsSummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the last minutes looked like. Times in milliseconds, rates 0 to 1, windows as in the product's operations
    numbers."""

    active_users: int
    requests_per_minute: int
    avg_response_time: float
    p50: float
    p95: float
    p99: float
    error_rate: float
    errors_last_five_minutes: int
    db_query_time: float
    cache_hit_rate: float
    cache_hits: int
    cache_misses: int
    cache_stale: int


class Metrics(Protocol):
    """Takes measurements without locks or awaits, and tells what they add up to.

    Promises, checked by `tests/contract/test_metrics.py`: recording never raises and costs microseconds; label
    values come from bounded sets only (route templates, never paths).
    """

    @abstractmethod
    def request_finished(self, *, route: str, method: str, status: int, seconds: float) -> None: ...

    @abstractmethod
    def account_seen(self, account_id: str) -> None: ...

    @abstractmethod
    def query_finished(self, *, seconds: float) -> None: ...

    @abstractmethod
    def cache_answered(self, *, kind: str, outcome: str) -> None: ...

    @abstractmethod
    def cache_loaded(self, *, kind: str, seconds: float, size_bytes: int, queries: int) -> None:
        """A loader has answered; a hit of its kind saves as many queries as its loads have sent on average."""
        ...

    @abstractmethod
    def job_finished(self, *, kind: str, outcome: str, seconds: float) -> None: ...

    @abstractmethod
    def dependency_called(self, *, name: str, outcome: str, seconds: float) -> None:
        """A guarded call to what we depend on has ended, or was not made."""
        ...

    @abstractmethod
    def breaker_changed(self, *, name: str, state: str) -> None: ...

    @abstractmethod
    async def summary(self) -> MetricsSummary: ...

    @abstractmethod
    def prometheus_text(self) -> bytes:
        """Everything in Prometheus' text format 0.0.4."""
        ...
