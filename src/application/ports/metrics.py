"""Counting and timing what happens."""

from abc import abstractmethod
from typing import Protocol

from application.request_load import RequestLoad

NO_LOAD = RequestLoad()


class Metrics(Protocol):
    """Takes measurements without locks or awaits; what they add up to is told by `MetricFigures`.

    Promises, checked by `tests/contract/test_metrics.py`: recording never raises and costs microseconds; label
    values come from bounded sets only (route templates, never paths). Called on the event loop of the process.
    """

    @abstractmethod
    def request_finished(
        self, *, route: str, method: str, status: int, seconds: float, load: RequestLoad = NO_LOAD
    ) -> None: ...

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
    def error_happened(self, *, kind: str) -> None:
        """Something nobody expected went wrong; `kind` is the type of the exception."""
        ...

    @abstractmethod
    def loop_lagged(self, *, seconds: float) -> None:
        """The event loop came so much too late to what was due."""
        ...
