import math
from dataclasses import dataclass

import pytest

from infrastructure.metrics.in_memory_metrics import InMemoryMetrics


@dataclass
class Time:
    seconds: float = 10_000

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def metrics(time: Time) -> InMemoryMetrics:
    return InMemoryMetrics(time)


def _request(metrics: InMemoryMetrics, *, status: int = 200, seconds: float = 0.02) -> None:
    metrics.request_finished(route="/api/bookings/{id}", method="GET", status=status, seconds=seconds)


async def test_nothing_happened_yet(metrics: InMemoryMetrics) -> None:
    summary = await metrics.summary()
    assert summary.requests_per_minute == summary.active_users == summary.errors_last_five_minutes == 0
    assert summary.avg_response_time == summary.p99 == summary.error_rate == summary.cache_hit_rate == 0


async def test_requests_per_minute_are_those_of_the_last_sixty_seconds(metrics: InMemoryMetrics, time: Time) -> None:
    for _ in range(120):
        _request(metrics)
        time.seconds += 1
    time.seconds -= 1
    assert (await metrics.summary()).requests_per_minute == 60
    time.seconds += 60
    assert (await metrics.summary()).requests_per_minute == 0


async def test_response_times_are_those_of_the_last_five_minutes(metrics: InMemoryMetrics, time: Time) -> None:
    _request(metrics, seconds=50)
    time.seconds += 300
    for milliseconds in range(1, 1001):
        _request(metrics, seconds=milliseconds / 1000)
    summary = await metrics.summary()
    assert summary.avg_response_time == pytest.approx(500.5)
    assert summary.p50 == pytest.approx(500, rel=0.1)
    assert summary.p95 == pytest.approx(950, rel=0.1)
    assert summary.p99 == pytest.approx(990, rel=0.1)


async def test_the_error_rate_is_the_share_of_5xx(metrics: InMemoryMetrics) -> None:
    for status in (200, 201, 404, 422, 500, 503, 200, 200):
        _request(metrics, status=status)
    summary = await metrics.summary()
    assert (summary.error_rate, summary.errors_last_five_minutes) == (0.25, 2)


async def test_active_users_are_distinct_accounts_of_the_last_five_minutes(
    metrics: InMemoryMetrics, time: Time
) -> None:
    for account in ("an", "bo", "an"):
        metrics.account_seen(account)
    time.seconds += 200
    metrics.account_seen("bo")
    assert (await metrics.summary()).active_users == 2
    time.seconds += 100
    assert (await metrics.summary()).active_users == 1


async def test_the_query_time_is_the_mean(metrics: InMemoryMetrics) -> None:
    metrics.query_finished(seconds=0.010)
    metrics.query_finished(seconds=0.030)
    assert (await metrics.summary()).db_query_time == pytest.approx(20)


async def test_the_cache_is_counted_by_outcome(metrics: InMemoryMetrics) -> None:
    for outcome in ("hit", "hit", "miss", "stale"):
        metrics.cache_answered(kind="home", outcome=outcome)
    summary = await metrics.summary()
    assert (summary.cache_hits, summary.cache_misses, summary.cache_stale) == (2, 1, 1)
    assert summary.cache_hit_rate == 0.5


def test_prometheus_reads_the_state_of_breakers_and_the_ends_of_calls(metrics: InMemoryMetrics) -> None:
    metrics.breaker_changed(name="email", state="closed")
    metrics.breaker_changed(name="email", state="open")
    metrics.dependency_called(name="email", outcome="timed_out", seconds=10)
    metrics.dependency_called(name="email", outcome="not_sent", seconds=0)
    lines = metrics.prometheus_text().decode().splitlines()
    assert 'tailtribe_breaker_state{name="email",state="open"} 1.0' in lines
    assert 'tailtribe_breaker_state{name="email",state="closed"} 0.0' in lines
    assert 'tailtribe_breaker_changes_total{name="email",state="open"} 1.0' in lines
    assert 'tailtribe_dependency_seconds_count{name="email",outcome="timed_out"} 1.0' in lines
    assert 'tailtribe_dependency_seconds_sum{name="email",outcome="timed_out"} 10.0' in lines
    assert 'tailtribe_dependency_seconds_count{name="email",outcome="not_sent"} 1.0' in lines


def test_prometheus_reads_totals_by_route_kind_and_outcome(metrics: InMemoryMetrics) -> None:
    _request(metrics, status=503)
    metrics.query_finished(seconds=0.01)
    metrics.cache_answered(kind="home", outcome="hit")
    metrics.job_finished(kind="mail.send", outcome="succeeded", seconds=1)
    lines = metrics.prometheus_text().decode().splitlines()
    assert 'tailtribe_http_requests_total{method="GET",route="/api/bookings/{id}",status="503"} 1.0' in lines
    assert 'tailtribe_http_request_seconds_count{route="/api/bookings/{id}"} 1.0' in lines
    assert "tailtribe_db_query_seconds_count 1.0" in lines
    assert 'tailtribe_cache_answers_total{kind="home",outcome="hit"} 1.0' in lines
    assert 'tailtribe_job_seconds_count{kind="mail.send",outcome="succeeded"} 1.0' in lines


async def test_odd_measurements_never_raise(metrics: InMemoryMetrics) -> None:
    for seconds in (-1.0, 0.0, math.nan, math.inf, 1e9):
        metrics.request_finished(route="", method="BREW", status=-7, seconds=seconds)
        metrics.query_finished(seconds=seconds)
        metrics.job_finished(kind="", outcome="", seconds=seconds)
    assert math.isfinite((await metrics.summary()).avg_response_time)


def test_a_flood_of_label_values_is_bounded(metrics: InMemoryMetrics) -> None:
    for number in range(5_000):
        metrics.request_finished(route=f"/{number}", method=f"M{number}", status=number, seconds=0.01)
    assert len(metrics.prometheus_text().splitlines()) < 20_000
    assert b'route="other"' in metrics.prometheus_text()


def test_two_registries_live_side_by_side() -> None:
    one, other = InMemoryMetrics(), InMemoryMetrics()
    one.query_finished(seconds=0.01)
    assert b"tailtribe_db_query_seconds_count 0.0" in other.prometheus_text()


async def test_a_hit_saves_what_its_kind_asks_the_database_for_on_average(metrics: InMemoryMetrics) -> None:
    metrics.cache_answered(kind="home", outcome="hit")
    metrics.cache_loaded(kind="home", seconds=0.01, size_bytes=100, queries=2)
    metrics.cache_loaded(kind="home", seconds=0.03, size_bytes=300, queries=4)
    metrics.cache_answered(kind="home", outcome="hit")
    metrics.cache_answered(kind="home", outcome="miss")
    text = metrics.prometheus_text()
    assert b'tailtribe_cache_saved_queries_total{kind="home"} 3.0' in text
    assert b'tailtribe_cache_loaded_bytes_total{kind="home"} 400.0' in text
    assert b'tailtribe_cache_load_seconds_count{kind="home"} 2.0' in text
