"""The promises of taking measurements and of adding them up."""

import asyncio
import math
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from application.ports.metric_figures import Gauge
from application.request_load import RequestLoad, request_load
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.metrics.measurements import TOLD_AFTER_SECONDS
from infrastructure.metrics.redis_metrics import RedisMetrics
from infrastructure.redis.redis_client import create_redis
from tests.support.polling import until

AnyMetrics = InMemoryMetrics | RedisMetrics


@dataclass
class Time:
    seconds: float = 10_000

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(params=["in memory", "redis"])
async def metrics(request: pytest.FixtureRequest, time: Time) -> AsyncIterator[AnyMetrics]:
    if request.param == "in memory":
        yield InMemoryMetrics(time)
        return
    redis = create_redis(request.getfixturevalue("redis_server"), timeout_seconds=5)
    yield RedisMetrics(redis, now=time, prefix=f"{uuid4()}:")
    await redis.aclose()


async def _lines(metrics: AnyMetrics) -> list[str]:
    return (await metrics.exposition([])).decode().splitlines()


def _request(metrics: AnyMetrics, *, status: int = 200, seconds: float = 0.02) -> None:
    metrics.request_finished(route="/api/bookings/{id}", method="GET", status=status, seconds=seconds)


async def test_nothing_happened_yet(metrics: AnyMetrics) -> None:
    summary = await metrics.summary()
    assert summary.requests_per_minute == summary.active_users == summary.errors_last_five_minutes == 0
    assert summary.avg_response_time == summary.p99 == summary.error_rate == summary.cache_hit_rate == 0


async def test_requests_per_minute_are_those_of_the_last_sixty_seconds_that_all_have_told_of(
    metrics: AnyMetrics, time: Time
) -> None:
    for _ in range(120):
        _request(metrics)
        time.seconds += 1
    assert (await metrics.summary()).requests_per_minute == 60
    time.seconds += 60
    assert (await metrics.summary()).requests_per_minute == TOLD_AFTER_SECONDS
    time.seconds += TOLD_AFTER_SECONDS
    assert (await metrics.summary()).requests_per_minute == 0


async def test_response_times_are_those_of_the_last_five_minutes(metrics: AnyMetrics, time: Time) -> None:
    _request(metrics, seconds=50)
    time.seconds += 300
    for milliseconds in range(1, 1001):
        _request(metrics, seconds=milliseconds / 1000)
    summary = await metrics.summary()
    assert summary.avg_response_time == pytest.approx(500.5)
    assert summary.p50 == pytest.approx(500, rel=0.03)
    assert summary.p95 == pytest.approx(950, rel=0.03)
    assert summary.p99 == pytest.approx(990, rel=0.03)


async def test_the_error_rate_is_the_share_of_5xx(metrics: AnyMetrics) -> None:
    for status in (200, 201, 404, 422, 500, 503, 200, 200):
        _request(metrics, status=status)
    summary = await metrics.summary()
    assert (summary.error_rate, summary.errors_last_five_minutes) == (0.25, 2)


async def test_active_users_are_distinct_accounts_of_the_last_five_minutes(metrics: AnyMetrics, time: Time) -> None:
    for account in ("an", "bo", "an"):
        metrics.account_seen(account)
    time.seconds += 200
    metrics.account_seen("bo")
    assert (await metrics.summary()).active_users == 2
    time.seconds += 110
    assert (await metrics.summary()).active_users == 1


async def test_the_query_time_is_the_mean(metrics: AnyMetrics) -> None:
    metrics.query_finished(seconds=0.010)
    metrics.query_finished(seconds=0.030)
    assert (await metrics.summary()).db_query_time == pytest.approx(20)


async def test_the_cache_is_counted_by_outcome(metrics: AnyMetrics) -> None:
    for outcome in ("hit", "hit", "miss", "stale"):
        metrics.cache_answered(kind="home", outcome=outcome)
    summary = await metrics.summary()
    assert (summary.cache_hits, summary.cache_misses, summary.cache_stale) == (2, 1, 1)
    assert summary.cache_hit_rate == 0.5


async def test_prometheus_reads_the_state_of_breakers_and_the_ends_of_calls(metrics: AnyMetrics) -> None:
    metrics.breaker_changed(name="email", state="closed")
    metrics.breaker_changed(name="email", state="open")
    metrics.dependency_called(name="email", outcome="timed_out", seconds=10)
    metrics.dependency_called(name="email", outcome="not_sent", seconds=0)
    lines = await _lines(metrics)
    assert 'tailtribe_breaker_state{name="email",state="open"} 1.0' in lines
    assert 'tailtribe_breaker_state{name="email",state="closed"} 0.0' in lines
    assert 'tailtribe_breaker_changes_total{name="email",state="open"} 1.0' in lines
    assert 'tailtribe_dependency_seconds_count{name="email",outcome="timed_out"} 1.0' in lines
    assert 'tailtribe_dependency_seconds_sum{name="email",outcome="timed_out"} 10.0' in lines
    assert 'tailtribe_dependency_seconds_count{name="email",outcome="not_sent"} 1.0' in lines


async def test_prometheus_reads_totals_by_route_kind_and_outcome(metrics: AnyMetrics) -> None:
    _request(metrics, status=503)
    metrics.query_finished(seconds=0.01)
    metrics.cache_answered(kind="home", outcome="hit")
    metrics.job_finished(kind="mail.send", outcome="succeeded", seconds=1)
    lines = await _lines(metrics)
    assert 'tailtribe_http_requests_total{method="GET",route="/api/bookings/{id}",status="503"} 1.0' in lines
    assert 'tailtribe_http_request_seconds_count{route="/api/bookings/{id}"} 1.0' in lines
    assert "tailtribe_db_query_seconds_count 1.0" in lines
    assert 'tailtribe_cache_answers_total{kind="home",outcome="hit"} 1.0' in lines
    assert 'tailtribe_job_seconds_count{kind="mail.send",outcome="succeeded"} 1.0' in lines


async def test_odd_measurements_never_raise(metrics: AnyMetrics) -> None:
    for seconds in (-1.0, 0.0, math.nan, math.inf, 1e9):
        metrics.request_finished(route="", method="BREW", status=-7, seconds=seconds)
        metrics.query_finished(seconds=seconds)
        metrics.job_finished(kind="", outcome="", seconds=seconds)
    assert math.isfinite((await metrics.summary()).avg_response_time)


async def test_a_flood_of_label_values_is_bounded(metrics: AnyMetrics) -> None:
    for number in range(5_000):
        metrics.request_finished(route=f"/{number}", method=f"M{number}", status=number, seconds=0.01)
    lines = await _lines(metrics)
    assert len(lines) < 20_000
    assert any('route="other"' in line for line in lines)


def test_two_registries_live_side_by_side() -> None:
    one, other = InMemoryMetrics(), InMemoryMetrics()
    one.query_finished(seconds=0.01)
    assert b"tailtribe_db_query_seconds_count 0.0" in other.prometheus_text()


async def test_errors_and_requests_of_the_last_full_minute(metrics: AnyMetrics, time: Time) -> None:
    for status in (200, 500, 503):
        _request(metrics, status=status, seconds=2)
    time.seconds += 1 + TOLD_AFTER_SECONDS
    summary = await metrics.summary()
    assert (summary.requests_per_minute, summary.errors_per_minute) == (3, 2)
    assert summary.p95_of_minute == pytest.approx(2000, rel=0.03)
    assert summary.mean_of_minute == pytest.approx(2000)
    time.seconds += 69
    summary = await metrics.summary()
    assert (summary.requests_per_minute, summary.errors_per_minute, summary.p95_of_minute) == (0, 0, 0)
    assert (summary.mean_of_minute, summary.avg_response_time) == (0, pytest.approx(2000))


async def test_a_minute_is_sixty_seconds_long_wherever_it_begins(metrics: AnyMetrics, time: Time) -> None:
    """A request of ten milliseconds a second, then slow ones for half of a minute: right in the middle of the slots."""
    for second in range(120):
        _request(metrics, seconds=0.01 if second < 95 else 0.03)
        time.seconds += 1
    for _ in range(5):
        _request(metrics, seconds=0.03)
        time.seconds += 1
    # Thirty of each: ten to the slot, of which half is more than a minute ago.
    assert (await metrics.summary()).mean_of_minute == pytest.approx(20)


async def test_the_summary_of_a_minute_by_the_clock_holds_nothing_before_and_nothing_after(
    metrics: AnyMetrics, time: Time
) -> None:
    time.seconds = 12_000 - 61
    for second in range(130):
        _request(metrics, status=200 if 1 <= second < 61 else 500, seconds=0.5 if 1 <= second < 61 else 9)
        time.seconds += 1
    ended = datetime.fromtimestamp(12_000, UTC)
    summary = await metrics.summary(minute_until=ended)
    assert (summary.requests_per_minute, summary.errors_per_minute) == (60, 0)
    assert summary.mean_of_minute == pytest.approx(500)
    assert summary.p95_of_minute == pytest.approx(500, rel=0.03)


async def test_queries_are_counted_for_the_request_that_makes_them(metrics: AnyMetrics) -> None:
    load = RequestLoad()
    token = request_load.set(load)
    metrics.query_finished(seconds=0.01)
    metrics.query_finished(seconds=0.02)
    request_load.reset(token)
    metrics.query_finished(seconds=9)
    metrics.request_finished(route="/api/home", method="GET", status=200, seconds=0.05, load=load)
    _request(metrics)
    assert (await metrics.summary()).queries_per_request == 1
    lines = await _lines(metrics)
    assert 'tailtribe_http_request_queries_total{route="/api/home"} 2.0' in lines
    assert 'tailtribe_http_request_query_seconds_total{route="/api/home"} 0.03' in lines


async def test_percentiles_of_any_distribution_are_right_to_three_percent(metrics: AnyMetrics) -> None:
    chance = random.Random(7)
    seconds = sorted(chance.lognormvariate(-4, 1.5) for _ in range(5_000))
    for duration in seconds:
        _request(metrics, seconds=duration)
    summary = await metrics.summary()
    for share, told in ((0.5, summary.p50), (0.95, summary.p95), (0.99, summary.p99)):
        assert told == pytest.approx(seconds[int(share * len(seconds))] * 1000, rel=0.03)


async def test_gauges_and_odd_labels_are_told_as_prometheus_reads_them(metrics: AnyMetrics) -> None:
    text = await metrics.exposition([Gauge(name="tailtribe_depth", labels={"queue": 'a"b\\c\nd'}, value=3)])
    assert b'tailtribe_depth{queue="a\\"b\\\\c\\nd"} 3.0' in text
    assert b"# TYPE tailtribe_depth gauge" in text


@dataclass
class Crew:
    """Processes that share a Redis, and one that cannot reach it."""

    time: Time
    one: RedisMetrics
    other: RedisMetrics
    lost: RedisMetrics


@pytest.fixture
async def crew(redis_server: str, time: Time) -> AsyncIterator[Crew]:
    prefix = f"{uuid4()}:"
    clients = [create_redis(redis_server, timeout_seconds=5) for _ in range(2)]
    away = create_redis("redis://127.0.0.1:1", timeout_seconds=0.2, retries=0)
    one, other, lost = (RedisMetrics(client, now=time, prefix=prefix) for client in (*clients, away))
    yield Crew(time, one, other, lost)
    for client in (*clients, away):
        await client.aclose()


async def test_what_processes_measured_adds_up_and_outlives_them(crew: Crew) -> None:
    for process, milliseconds in ((crew.one, 10), (crew.other, 1000)):
        for number in range(100):
            process.request_finished(route="/a", method="GET", status=200, seconds=milliseconds / 1000)
            process.account_seen(f"account {number}")
        await process.stop()
    crew.time.seconds += 1 + TOLD_AFTER_SECONDS
    summary = await crew.one.summary()
    assert summary.requests_per_minute == 200
    assert summary.active_users == pytest.approx(100, abs=3)
    assert summary.avg_response_time == pytest.approx(505)
    assert summary.p95 == pytest.approx(1000, rel=0.03)
    assert 'tailtribe_http_requests_total{method="GET",route="/a",status="200"} 200.0' in await _lines(crew.one)


async def test_what_a_busy_process_tells_two_seconds_later_is_missed_in_no_minute(crew: Crew) -> None:
    for second in range(100):
        for process in (crew.one, crew.other):
            _request(process)
        if second % 2:
            await crew.other.push()
        crew.time.seconds += 1
        if second >= 70:
            assert (await crew.one.summary()).requests_per_minute == 120


async def test_a_push_whose_answer_was_lost_counts_once(crew: Crew) -> None:
    _request(crew.one)
    pushed = crew.one._encoded(crew.one._fresh)
    assert await crew.one.push()
    # As if nobody had heard that it arrived.
    crew.one._under_way = pushed
    _request(crew.one)
    assert await crew.one.push()
    crew.time.seconds += 1 + TOLD_AFTER_SECONDS
    assert (await crew.other.summary()).requests_per_minute == 2


async def test_the_first_push_after_redis_is_back_tells_everything(crew: Crew) -> None:
    _request(crew.lost)
    assert not await crew.lost.push()
    _request(crew.lost)
    crew.lost._push, crew.lost._hgetall = crew.one._push, crew.one._hgetall
    lines = await _lines(crew.lost)
    assert "tailtribe_totals_up 1.0" in lines
    assert 'tailtribe_http_requests_total{method="GET",route="/api/bookings/{id}",status="200"} 2.0' in lines


async def test_without_redis_a_process_tells_what_it_knows_and_catches_up(crew: Crew) -> None:
    _request(crew.lost)
    crew.time.seconds += 1 + TOLD_AFTER_SECONDS
    assert (await crew.lost.summary()).requests_per_minute == 1
    _request(crew.lost)
    crew.time.seconds += 1 + TOLD_AFTER_SECONDS
    # Redis is there again.
    crew.lost._push = crew.one._push
    await crew.lost.stop()
    assert (await crew.other.summary()).requests_per_minute == 2


async def test_without_redis_prometheus_is_told_no_totals_rather_than_smaller_ones(crew: Crew) -> None:
    for process in (crew.one, crew.lost):
        _request(process)
        process.breaker_changed(name="email", state="closed")
    assert "tailtribe_totals_up 1.0" in await _lines(crew.one)
    lines = (await crew.lost.exposition([Gauge(name="tailtribe_depth", value=3)])).decode().splitlines()
    told = {line.partition("{")[0].partition(" ")[0] for line in lines if not line.startswith("#")}
    assert told == {"tailtribe_totals_up", "tailtribe_breaker_state", "tailtribe_depth"}
    assert "tailtribe_totals_up 0.0" in lines


async def test_accounts_are_counted_for_five_minutes_less_ten_seconds_at_most(metrics: AnyMetrics, time: Time) -> None:
    for _ in range(12):
        metrics.account_seen("an")
        time.seconds += 289
        assert (await metrics.summary()).active_users == 1
        time.seconds += 12
        assert (await metrics.summary()).active_users == 0


async def test_whoever_watches_is_heard_of_with_the_next_push(crew: Crew) -> None:
    await crew.other.summary()
    await crew.one.push()
    assert not crew.one._is_due()
    await crew.other.summary(watching=True)
    await crew.one.push()
    assert crew.one._is_due()


async def test_a_hit_saves_what_its_kind_asks_the_database_for_on_average(metrics: AnyMetrics) -> None:
    metrics.cache_loaded(kind="home", seconds=0.01, size_bytes=100, queries=2)
    metrics.cache_loaded(kind="home", seconds=0.03, size_bytes=300, queries=4)
    for outcome in ("hit", "miss"):
        metrics.cache_answered(kind="home", outcome=outcome)
    metrics.cache_answered(kind="never loaded", outcome="hit")
    lines = await _lines(metrics)
    assert 'tailtribe_cache_saved_queries_total{kind="home"} 3.0' in lines
    assert 'tailtribe_cache_loaded_bytes_total{kind="home"} 400.0' in lines
    assert 'tailtribe_cache_load_seconds_count{kind="home"} 2.0' in lines
    assert not any("saved" in line and "never" in line for line in lines)


async def test_a_redis_that_does_not_answer_is_told_in_the_words_that_operators_look_for(time: Time) -> None:
    redis = create_redis("redis://127.0.0.1:1/0", timeout_seconds=0.05)
    metrics = RedisMetrics(redis, now=time, prefix=f"{uuid4()}:")
    _request(metrics)
    with capture_logs() as logged:
        pushing = asyncio.create_task(metrics.run())
        await until(lambda: bool(logged))
        pushing.cancel()
        await asyncio.wait([pushing])
    assert {line["message"] for line in logged} == {"Redis connection failed"}
    await redis.aclose()
