"""The taking of measurements, the same wherever they are added up."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.ports.metric_figures import Gauge, MetricsSummary
from application.ports.metrics import NO_LOAD, Metrics
from application.request_load import RequestLoad, request_load
from infrastructure.metrics.latency_buckets import bucket_of
from infrastructure.metrics.measurements import (
    ERRORS,
    QUERIES,
    QUERY_SECONDS,
    REQUEST_QUERIES,
    REQUEST_SECONDS,
    REQUESTS,
    SLOT_SECONDS,
    SUM,
    VALUE,
    Measurements,
    Windows,
    added_up,
    summary_of,
    windows_of_minute,
    windows_until,
)
from infrastructure.metrics.prometheus_text import (
    BREAKER_CHANGES,
    BREAKER_STATE,
    CACHE_ANSWERS,
    CACHE_LOAD_SECONDS,
    CACHE_LOADED_BYTES,
    CACHE_SAVED_QUERIES,
    DEPENDENCY_SECONDS,
    ERRORS_BY_KIND,
    JOB_SECONDS,
    LOOP_LAG_SECONDS,
    QUERIES_BY_ROUTE,
    QUERY_DURATIONS,
    QUERY_SECONDS_BY_ROUTE,
    REQUEST_DURATIONS,
    REQUESTS_ANSWERED,
    TOTALS_UP,
    prometheus_text,
)

MOST_VALUES_PER_LABEL = 500
OTHER = "other"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BREAKER_STATES = ("closed", "open", "half_open")
HIT = "hit"
_NO_LABELS = ()


@dataclass(slots=True)
class _Answered:
    count: int = 0
    seconds: float = 0.0
    queries: int = 0
    query_seconds: float = 0.0


class RecordedMetrics(Metrics):
    """Writes down into `fresh`, which whoever adds up takes away. `now` is wall-clock time in seconds, so that
    processes mean the same by a minute."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._fresh = Measurements()
        self._kept = Measurements()
        self._routes = _BoundedLabel()
        self._kinds = _BoundedLabel()
        self._breaker_states: dict[str, str] = {}
        self._is_busy = False
        self._answered: dict[tuple[str, str, int, int, int], _Answered] = {}
        self._cached: dict[tuple[str, str, int], int] = {}
        self._queries_of_loads: dict[str, tuple[int, int]] = {}

    def request_finished(
        self, *, route: str, method: str, status: int, seconds: float, load: RequestLoad = NO_LOAD
    ) -> None:
        seconds = _duration(seconds)
        # One entry for all that are alike: what it means for each figure is worked out when somebody asks.
        alike = method, route, status, bucket_of(seconds), int(self._now())
        answered = self._answered.get(alike)
        if answered is None:
            answered = self._answered[alike] = _Answered()
        answered.count += 1
        answered.seconds += seconds
        answered.queries += load.queries
        answered.query_seconds += load.query_seconds
        self._is_busy = True

    def account_seen(self, account_id: str) -> None:
        self._fresh.accounts[account_id] = self._now()

    def query_finished(self, *, seconds: float) -> None:
        seconds, fresh = _duration(seconds), self._fresh
        fresh.totals[QUERY_DURATIONS, _NO_LABELS, bucket_of(seconds)] += 1
        fresh.totals[QUERY_DURATIONS, _NO_LABELS, SUM] += seconds
        slot = fresh.slots[int(self._now() // SLOT_SECONDS)]
        slot[QUERIES] += 1
        slot[QUERY_SECONDS] += seconds
        load = request_load.get()
        if load is not None:
            load.queries += 1
            load.query_seconds += seconds

    def cache_answered(self, *, kind: str, outcome: str) -> None:
        alike = kind, outcome, int(self._now() // SLOT_SECONDS)
        self._cached[alike] = self._cached.get(alike, 0) + 1

    def cache_loaded(self, *, kind: str, seconds: float, size_bytes: int, queries: int) -> None:
        kind = self._kinds.value(kind)
        self._observe(CACHE_LOAD_SECONDS, (kind,), seconds)
        self._fresh.totals[CACHE_LOADED_BYTES, (kind,), VALUE] += max(0, size_bytes)
        loads, sent = self._queries_of_loads.get(kind, (0, 0))
        self._queries_of_loads[kind] = loads + 1, sent + max(0, queries)

    def job_finished(self, *, kind: str, outcome: str, seconds: float) -> None:
        self._observe(JOB_SECONDS, (self._kinds.value(kind), self._kinds.value(outcome)), seconds)
        self._is_busy = True

    def dependency_called(self, *, name: str, outcome: str, seconds: float) -> None:
        self._observe(DEPENDENCY_SECONDS, (self._kinds.value(name), self._kinds.value(outcome)), seconds)

    def breaker_changed(self, *, name: str, state: str) -> None:
        name, state = self._kinds.value(name), state if state in BREAKER_STATES else OTHER
        self._fresh.totals[BREAKER_CHANGES, (name, state), VALUE] += 1
        self._breaker_states[name] = state

    def error_happened(self, *, kind: str) -> None:
        self._fresh.totals[ERRORS_BY_KIND, (self._kinds.value(kind),), VALUE] += 1

    def loop_lagged(self, *, seconds: float) -> None:
        self._observe(LOOP_LAG_SECONDS, _NO_LABELS, seconds)

    def prometheus_text(self, gauges: Sequence[Gauge] = ()) -> bytes:
        """What this process alone has measured."""
        self._take_fresh()
        return prometheus_text(self._kept.totals, self._gauges(gauges, are_totals_known=True))

    def _observe(self, metric: str, labels: tuple[str, ...], seconds: float) -> None:
        seconds = _duration(seconds)
        self._fresh.totals[metric, labels, bucket_of(seconds)] += 1
        self._fresh.totals[metric, labels, SUM] += seconds

    def _take_fresh(self) -> Measurements:
        """What is new since the last time; from now on it is among what is kept here."""
        self._work_out()
        fresh, self._fresh, self._is_busy = self._fresh, Measurements(), False
        self._kept.add(fresh)
        self._kept.forget_before(self._now())
        return fresh

    def _work_out(self) -> None:
        answered, self._answered = self._answered, {}
        for (method, route, status, bucket, second), alike in answered.items():
            self._count_requests(method, self._routes.value(route), status, bucket, second, alike)
        cached, self._cached = self._cached, {}
        for (kind, outcome, slot), count in cached.items():
            kind, outcome = self._kinds.value(kind), self._kinds.value(outcome)
            self._fresh.totals[CACHE_ANSWERS, (kind, outcome), VALUE] += count
            self._fresh.slots[slot][outcome] += count
            loads, sent = self._queries_of_loads.get(kind, (0, 0))
            if outcome == HIT and loads:
                self._fresh.totals[CACHE_SAVED_QUERIES, (kind,), VALUE] += count * sent / loads

    def _count_requests(
        self, method: str, route: str, status: int, bucket: int, second: int, alike: "_Answered"
    ) -> None:
        fresh, labels = self._fresh, (route,)
        method = method if method in METHODS else OTHER
        fresh.totals[REQUESTS_ANSWERED, (method, route, _status(status)), VALUE] += alike.count
        fresh.totals[REQUEST_DURATIONS, labels, bucket] += alike.count
        fresh.totals[REQUEST_DURATIONS, labels, SUM] += alike.seconds
        slot = fresh.slots[second // SLOT_SECONDS]
        slot[REQUESTS] += alike.count
        slot[REQUEST_SECONDS] += alike.seconds
        slot[bucket] += alike.count
        fresh.requests[second] += alike.count
        if 500 <= status <= 599:
            slot[ERRORS] += alike.count
            fresh.errors[second] += alike.count
        if alike.queries:
            slot[REQUEST_QUERIES] += alike.queries
            fresh.totals[QUERIES_BY_ROUTE, labels, VALUE] += alike.queries
            fresh.totals[QUERY_SECONDS_BY_ROUTE, labels, VALUE] += alike.query_seconds

    def _windows(self, minute_until: datetime | None) -> Windows:
        return windows_until(self._now()) if minute_until is None else windows_of_minute(int(minute_until.timestamp()))

    def _own_summary(self, windows: Windows) -> MetricsSummary:
        """Of what is kept here."""
        kept, whole = self._kept, windows.slots[-windows.of_minute :]
        shares = {windows.slots[-windows.of_minute - 1]: windows.share} | dict.fromkeys(whole, 1.0)
        return summary_of(
            added_up((kept.slots[slot], 1.0) for slot in windows.slots if slot in kept.slots),
            added_up((kept.slots[slot], share) for slot, share in shares.items() if slot in kept.slots),
            requests_per_minute=sum(kept.requests.get(at, 0) for at in windows.seconds),
            errors_per_minute=sum(kept.errors.get(at, 0) for at in windows.seconds),
            active_users=len(kept.accounts),
        )

    def _gauges(self, more: Sequence[Gauge], *, are_totals_known: bool) -> Sequence[Gauge]:
        """As Prometheus' users expect: of a state one series for each, 1 for the present one; and whether what they
        find here is all."""
        states = [
            Gauge(name=BREAKER_STATE, labels={"name": name, "state": state}, value=float(state == present))
            for name, present in self._breaker_states.items()
            for state in BREAKER_STATES
        ]
        return [Gauge(name=TOTALS_UP, value=float(are_totals_known)), *states, *more]


class _BoundedLabel:
    """Lets the first values of a label through; the rest of an unexpected flood shares one."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def value(self, value: str) -> str:
        if value not in self._values:
            if len(self._values) >= MOST_VALUES_PER_LABEL:
                return OTHER
            self._values.add(value)
        return value


def _duration(seconds: float) -> float:
    """Clocks and callers err; a negative or undefined duration counts as none."""
    return seconds if 0 <= seconds < float("inf") else 0.0


def _status(status: int) -> str:
    return str(status) if 100 <= status <= 599 else OTHER
