"""Measurements of this process, for Prometheus and for the summary."""

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from application.ports.metrics import Metrics, MetricsSummary
from infrastructure.metrics.recent_seconds import RecentSeconds, Tally, bucket_of

FIVE_MINUTES = 300
ONE_MINUTE = 60
MOST_ACCOUNTS = 200_000
MOST_VALUES_PER_LABEL = 500
OTHER = "other"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.08, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
QUERY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
CALL_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)
# As Prometheus' users expect of a state: one series for each, 1 for the present one.
BREAKER_STATES = ("closed", "open", "half_open")
JOB_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600)


class InMemoryMetrics(Metrics):
    """Keeps five minutes second by second, and totals since start in a Prometheus registry of its own.

    `monotonic` places a measurement in time.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._recent = RecentSeconds(FIVE_MINUTES, monotonic)
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._routes = _BoundedLabel()
        self._kinds = _BoundedLabel()
        self._registry = CollectorRegistry()
        self._requests = self._counter("tailtribe_http_requests", "Requests answered", "route", "method", "status")
        self._durations = self._histogram("tailtribe_http_request_seconds", "Requests", REQUEST_BUCKETS, "route")
        self._queries = self._histogram("tailtribe_db_query_seconds", "Database queries", QUERY_BUCKETS)
        self._jobs = self._histogram("tailtribe_job_seconds", "Runs of jobs", JOB_BUCKETS, "kind", "outcome")
        self._calls = self._histogram("tailtribe_dependency_seconds", "Guarded calls", CALL_BUCKETS, "name", "outcome")
        self._breakers = Gauge(
            "tailtribe_breaker_state", "1 for the state a breaker is in", ("name", "state"), registry=self._registry
        )
        self._changes = self._counter("tailtribe_breaker_changes", "Changes of state of breakers", "name", "state")
        self._cache = self._counter("tailtribe_cache_answers", "Answers of the cache", "kind", "outcome")
        self._loads = self._histogram("tailtribe_cache_load_seconds", "Loads of the cache", QUERY_BUCKETS, "kind")
        self._loaded_bytes = self._counter("tailtribe_cache_loaded_bytes", "Bytes that were loaded", "kind")
        self._saved = self._counter("tailtribe_cache_saved_queries", "Queries that hits made unnecessary", "kind")
        self._queries_of_a_load: dict[str, _Mean] = {}

        # Finding a series by its labels takes longer than counting in it. There are as many as there are label values.
        self._of_request = cache(self._series_of_request)
        self._of_cache = cache(self._cache.labels)

    def request_finished(self, *, route: str, method: str, status: int, seconds: float) -> None:
        seconds = _duration(seconds)
        route = self._routes.value(route)
        counted, timed = self._of_request(route, method if method in METHODS else OTHER, _status(status))
        counted.inc()
        timed.observe(seconds)
        tally = self._recent.now()
        tally.requests += 1
        tally.errors += 500 <= status <= 599
        tally.request_seconds += seconds
        tally.request_buckets[bucket_of(seconds)] += 1

    def account_seen(self, account_id: str) -> None:
        self._seen[account_id] = self._monotonic()
        self._seen.move_to_end(account_id)
        if len(self._seen) > MOST_ACCOUNTS:
            self._seen.popitem(last=False)

    def query_finished(self, *, seconds: float) -> None:
        seconds = _duration(seconds)
        self._queries.observe(seconds)
        tally = self._recent.now()
        tally.queries += 1
        tally.query_seconds += seconds

    def cache_answered(self, *, kind: str, outcome: str) -> None:
        self._of_cache(self._kinds.value(kind), self._kinds.value(outcome)).inc()
        self._recent.now().cache[outcome] += 1
        if outcome == "hit" and kind in self._queries_of_a_load:
            self._saved.labels(kind).inc(self._queries_of_a_load[kind].value)

    def cache_loaded(self, *, kind: str, seconds: float, size_bytes: int, queries: int) -> None:
        kind = self._kinds.value(kind)
        self._loads.labels(kind).observe(_duration(seconds))
        self._loaded_bytes.labels(kind).inc(max(0, size_bytes))
        self._queries_of_a_load.setdefault(kind, _Mean()).add(max(0, queries))

    def job_finished(self, *, kind: str, outcome: str, seconds: float) -> None:
        self._jobs.labels(self._kinds.value(kind), self._kinds.value(outcome)).observe(_duration(seconds))

    def dependency_called(self, *, name: str, outcome: str, seconds: float) -> None:
        self._calls.labels(self._kinds.value(name), self._kinds.value(outcome)).observe(_duration(seconds))

    def breaker_changed(self, *, name: str, state: str) -> None:
        name, state = self._kinds.value(name), state if state in BREAKER_STATES else OTHER
        self._changes.labels(name, state).inc()
        for known in BREAKER_STATES:
            self._breakers.labels(name, known).set(known == state)

    async def summary(self) -> MetricsSummary:
        return _summary(self._recent.last(FIVE_MINUTES), self._recent.last(ONE_MINUTE), self._active_users())

    def prometheus_text(self) -> bytes:
        return generate_latest(self._registry)

    def _series_of_request(self, route: str, method: str, status: str) -> tuple[Counter, Histogram]:
        return self._requests.labels(route, method, status), self._durations.labels(route)

    def _active_users(self) -> int:
        oldest = self._monotonic() - FIVE_MINUTES
        while self._seen and next(iter(self._seen.values())) <= oldest:
            self._seen.popitem(last=False)
        return len(self._seen)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=self._registry)

    def _histogram(self, name: str, what: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, f"{what}, in seconds", labels, buckets=buckets, registry=self._registry)


class _Mean:
    def __init__(self) -> None:
        self._sum = self._count = 0
        self.value = 0.0

    def add(self, value: int) -> None:
        self._sum += value
        self._count += 1
        self.value = self._sum / self._count


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


def _summary(recent: Tally, minute: Tally, active_users: int) -> MetricsSummary:
    hits, misses, stale = (recent.cache[outcome] for outcome in ("hit", "miss", "stale"))
    return MetricsSummary(
        active_users=active_users,
        requests_per_minute=minute.requests,
        avg_response_time=_milliseconds(recent.request_seconds, recent.requests),
        p50=recent.quantile_seconds(0.5) * 1000,
        p95=recent.quantile_seconds(0.95) * 1000,
        p99=recent.quantile_seconds(0.99) * 1000,
        error_rate=_share(recent.errors, recent.requests),
        errors_last_five_minutes=recent.errors,
        db_query_time=_milliseconds(recent.query_seconds, recent.queries),
        cache_hit_rate=_share(hits, hits + misses + stale),
        cache_hits=hits,
        cache_misses=misses,
        cache_stale=stale,
    )


def _milliseconds(seconds: float, count: int) -> float:
    return seconds * 1000 / count if count else 0.0


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
