"""Amounts that were measured: what is in two of these can be added up."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from application.ports.metric_figures import MetricsSummary
from infrastructure.metrics.latency_buckets import quantile_seconds

SLOT_SECONDS = 10
WINDOW_SECONDS = 300
MINUTE_SECONDS = 60
# By then every process that is busy has told of a second; who counts up to now counts those that have not yet too low.
TOLD_AFTER_SECONDS = 3
MOST_ACCOUNTS = 200_000

# The metric, the values of its labels, and the part of it: VALUE of a counter, SUM or a bucket of a histogram.
Key: TypeAlias = tuple[str, tuple[str, ...], str | int]
VALUE, SUM = "value", "sum"
# What is known of a slot: amounts by name, and requests by the bucket of their duration.
Amounts: TypeAlias = Mapping[str | int, float]
REQUESTS, ERRORS, REQUEST_SECONDS, REQUEST_QUERIES = "requests", "errors", "request_seconds", "request_queries"
QUERIES, QUERY_SECONDS = "queries", "query_seconds"
CACHE_OUTCOMES = ("hit", "miss", "stale")


def _numbers() -> defaultdict[str | int, float]:
    return defaultdict(float)


@dataclass(slots=True)
class Measurements:
    """Totals since ever; by slots of ten seconds what windows are made of; by second how many requests there were and
    failed; when accounts were last seen."""

    totals: defaultdict[Key, float] = field(default_factory=lambda: defaultdict(float))
    slots: defaultdict[int, defaultdict[str | int, float]] = field(default_factory=lambda: defaultdict(_numbers))
    requests: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    errors: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    accounts: dict[str, float] = field(default_factory=dict[str, float])

    def add(self, other: "Measurements") -> None:
        for key, amount in other.totals.items():
            self.totals[key] += amount
        for slot, amounts in other.slots.items():
            mine = self.slots[slot]
            for name, amount in amounts.items():
                mine[name] += amount
        for mine, others in ((self.requests, other.requests), (self.errors, other.errors)):
            for second, amount in others.items():
                mine[second] += amount
        for account, at in other.accounts.items():
            # Whoever was seen last stands last.
            self.accounts.pop(account, None)
            self.accounts[account] = at

    def forget_before(self, now: float) -> None:
        """What no window reaches any more; of the accounts at most so many that were seen last."""
        oldest = now - WINDOW_SECONDS
        for slot in [slot for slot in self.slots if (slot + 1) * SLOT_SECONDS <= oldest]:
            del self.slots[slot]
        for by_second in (self.requests, self.errors):
            for second in [second for second in by_second if second < now - 3 * MINUTE_SECONDS]:
                del by_second[second]
        while self.accounts:
            account = next(iter(self.accounts))
            if self.accounts[account] > oldest and len(self.accounts) <= MOST_ACCOUNTS:
                break
            del self.accounts[account]


@dataclass(frozen=True, slots=True)
class Windows:
    """What is added up: the slots of five minutes; of these the last `of_minute` and `share` of the one before them for
    a minute; and the seconds of a minute that all have told of."""

    slots: range
    of_minute: int
    share: float
    seconds: range


def windows_until(now: float) -> Windows:
    """The slot that is being filled is among them; of the minute's oldest one a part is more than a minute ago."""
    return _windows(int(now // SLOT_SECONDS), 1 - now % SLOT_SECONDS / SLOT_SECONDS, int(now) - TOLD_AFTER_SECONDS)


def windows_of_minute(end: int) -> Windows:
    """Of a minute by the clock, which ended there."""
    return _windows(end // SLOT_SECONDS - 1, 0.0, end)


def _windows(last: int, share: float, end: int) -> Windows:
    slots = range(last - WINDOW_SECONDS // SLOT_SECONDS + 1, last + 1)
    return Windows(slots, MINUTE_SECONDS // SLOT_SECONDS, share, range(end - MINUTE_SECONDS, end))


def added_up(slots: Iterable[tuple[Amounts, float]]) -> Amounts:
    """Each with the share of it that counts."""
    total = _numbers()
    for amounts, share in slots:
        for name, amount in amounts.items():
            total[name] += amount * share
    return total


def summary_of(
    window: Amounts, minute: Amounts, *, requests_per_minute: float, errors_per_minute: float, active_users: int
) -> MetricsSummary:
    """`window` covers five minutes, `minute` one."""
    hits, misses, stale = (int(window.get(outcome, 0)) for outcome in CACHE_OUTCOMES)
    requests, errors = window.get(REQUESTS, 0), window.get(ERRORS, 0)
    buckets = _buckets(window)
    return MetricsSummary(
        active_users=active_users,
        requests_per_minute=round(requests_per_minute),
        errors_per_minute=round(errors_per_minute),
        p95_of_minute=quantile_seconds(_buckets(minute), 0.95) * 1000,
        mean_of_minute=_share(minute.get(REQUEST_SECONDS, 0) * 1000, minute.get(REQUESTS, 0)),
        avg_response_time=_share(window.get(REQUEST_SECONDS, 0) * 1000, requests),
        p50=quantile_seconds(buckets, 0.5) * 1000,
        p95=quantile_seconds(buckets, 0.95) * 1000,
        p99=quantile_seconds(buckets, 0.99) * 1000,
        error_rate=_share(errors, requests),
        errors_last_five_minutes=round(errors),
        db_query_time=_share(window.get(QUERY_SECONDS, 0) * 1000, window.get(QUERIES, 0)),
        queries_per_request=_share(window.get(REQUEST_QUERIES, 0), requests),
        cache_hit_rate=_share(hits, hits + misses + stale),
        cache_hits=hits,
        cache_misses=misses,
        cache_stale=stale,
    )


def _buckets(amounts: Amounts) -> dict[int, float]:
    return {name: amount for name, amount in amounts.items() if isinstance(name, int)}


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
