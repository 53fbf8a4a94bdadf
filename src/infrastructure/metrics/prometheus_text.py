"""Prometheus' text format 0.0.4."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from application.ports.metric_figures import Gauge
from infrastructure.metrics.latency_buckets import seconds_of
from infrastructure.metrics.measurements import SUM, Key

REQUESTS_ANSWERED = "tailtribe_http_requests_total"
REQUEST_DURATIONS = "tailtribe_http_request_seconds"
QUERIES_BY_ROUTE = "tailtribe_http_request_queries_total"
QUERY_SECONDS_BY_ROUTE = "tailtribe_http_request_query_seconds_total"
QUERY_DURATIONS = "tailtribe_db_query_seconds"
CACHE_ANSWERS = "tailtribe_cache_answers_total"
CACHE_LOAD_SECONDS = "tailtribe_cache_load_seconds"
CACHE_LOADED_BYTES = "tailtribe_cache_loaded_bytes_total"
CACHE_SAVED_QUERIES = "tailtribe_cache_saved_queries_total"
JOB_SECONDS = "tailtribe_job_seconds"
DEPENDENCY_SECONDS = "tailtribe_dependency_seconds"
BREAKER_CHANGES = "tailtribe_breaker_changes_total"
BREAKER_STATE = "tailtribe_breaker_state"
ERRORS_BY_KIND = "tailtribe_errors_total"
LOOP_LAG_SECONDS = "tailtribe_event_loop_lag_seconds"
# A gauge: 0 while the totals cannot be had.
TOTALS_UP = "tailtribe_totals_up"


@dataclass(frozen=True, slots=True)
class _Counter:
    what: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Histogram(_Counter):
    """Its buckets are made of finer ones: a bound is right to 2 %."""

    bounds: tuple[float, ...]


_SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.08, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_DESCRIBED: Mapping[str, _Counter] = {
    REQUESTS_ANSWERED: _Counter("Requests answered", ("method", "route", "status")),
    REQUEST_DURATIONS: _Histogram("Requests, in seconds", ("route",), _SHORT),
    QUERIES_BY_ROUTE: _Counter("Database queries made for requests", ("route",)),
    QUERY_SECONDS_BY_ROUTE: _Counter("Time of those queries, in seconds", ("route",)),
    QUERY_DURATIONS: _Histogram("Database queries, in seconds", (), (0.0005, *_SHORT)),
    CACHE_ANSWERS: _Counter("Answers of the cache", ("kind", "outcome")),
    CACHE_LOAD_SECONDS: _Histogram("Loads of the cache, in seconds", ("kind",), (0.0005, *_SHORT)),
    CACHE_LOADED_BYTES: _Counter("Bytes that the cache loaded", ("kind",)),
    CACHE_SAVED_QUERIES: _Counter("Database queries that hits made unnecessary", ("kind",)),
    JOB_SECONDS: _Histogram("Runs of jobs, in seconds", ("kind", "outcome"), (*_SHORT, 30.0, 60.0, 300.0, 600.0)),
    DEPENDENCY_SECONDS: _Histogram("Guarded calls, in seconds", ("name", "outcome"), (*_SHORT, 15.0)),
    BREAKER_CHANGES: _Counter("Changes of state of breakers", ("name", "state")),
    ERRORS_BY_KIND: _Counter("Errors nobody expected", ("kind",)),
    LOOP_LAG_SECONDS: _Histogram("How late the event loop was, in seconds", (), _SHORT),
}


def prometheus_text(totals: Mapping[Key, float] | None, gauges: Iterable[Gauge]) -> bytes:
    """Without `totals` the gauges alone: a counter that is not told has no value, one that is less was reset."""
    lines = [*(() if totals is None else _total_lines(totals)), *_gauge_lines(gauges)]
    return ("\n".join(lines) + "\n").encode()


def _total_lines(totals: Mapping[Key, float]) -> Iterator[str]:
    by_metric: defaultdict[str, defaultdict[tuple[str, ...], dict[str | int, float]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for (metric, labels, part), amount in totals.items():
        by_metric[metric][labels][part] = amount
    for metric, described in _DESCRIBED.items():
        kind = "histogram" if isinstance(described, _Histogram) else "counter"
        yield from (f"# HELP {metric} {described.what}", f"# TYPE {metric} {kind}")
        if isinstance(described, _Histogram) and not described.labels:
            # Without labels there is one series, also before anything happened.
            by_metric[metric].setdefault((), {})
        for labels, parts in sorted(by_metric[metric].items()):
            named = dict(zip(described.labels, labels, strict=True))
            yield from _series(metric, described, named, parts)


def _series(
    metric: str, described: _Counter, labels: Mapping[str, str], parts: Mapping[str | int, float]
) -> Iterator[str]:
    if not isinstance(described, _Histogram):
        yield from (_line(metric, labels, amount) for amount in parts.values())
        return
    buckets = {part: amount for part, amount in parts.items() if isinstance(part, int)}
    for bound in described.bounds:
        below = sum(amount for bucket, amount in buckets.items() if seconds_of(bucket) <= bound)
        yield _line(f"{metric}_bucket", {**labels, "le": str(bound)}, below)
    count = sum(buckets.values())
    yield _line(f"{metric}_bucket", {**labels, "le": "+Inf"}, count)
    yield _line(f"{metric}_count", labels, count)
    yield _line(f"{metric}_sum", labels, parts.get(SUM, 0.0))


def _gauge_lines(gauges: Iterable[Gauge]) -> Iterator[str]:
    told = ""
    for gauge in sorted(gauges, key=lambda gauge: gauge.name):
        if gauge.name != told:
            told = gauge.name
            yield f"# TYPE {told} gauge"
        yield _line(gauge.name, gauge.labels, gauge.value)


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    named = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{named}}} {float(value)!r}" if named else f"{name} {float(value)!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
