"""An admin looks at the figures of the system."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from application.ports.circuit_breakers import BreakerState, BreakerStatus, CircuitBreakers
from application.ports.job_records import JobCounts, JobRecords
from application.ports.metric_figures import MetricFigures, MetricsSummary
from application.ports.process_figures import ProcessFigures, SystemFigures
from application.ports.process_register import ProcessRegister, ProcessReport
from application.ports.system_queries import SystemQueries
from domain.operations.health_score import HealthScore, HealthStatus, ScorePart, Vitals, health_score


class CacheFigures(Struct, frozen=True, kw_only=True, rename="camel"):
    hit_rate: float
    hits: int
    misses: int
    stale: int


class RequestFigures(Struct, frozen=True, kw_only=True, rename="camel"):
    """Times in milliseconds; `error_rate` 0 to 1."""

    active_users: int
    requests_per_minute: int
    avg_response_time: float
    p50: float
    p95: float
    p99: float
    error_rate: float
    db_query_time: float
    queries_per_request: float
    cache: CacheFigures


class HealthIssue(Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    value: float
    threshold: float
    points: int


class HealthFigures(Struct, frozen=True, kw_only=True, rename="camel"):
    """`issues` are the parts that cost points, `parts` all of them."""

    score: int
    status: HealthStatus
    issues: list[HealthIssue]
    parts: list[HealthIssue]


class QueueFigures(Struct, frozen=True, kw_only=True, rename="camel"):
    waiting: int
    running: int
    dead: int
    oldest_seconds: float


class OperationsView(Struct, frozen=True, kw_only=True, rename="camel"):
    metrics: RequestFigures
    health: HealthFigures
    circuit_breakers: list[BreakerStatus]
    queues: dict[str, QueueFigures]
    system: SystemFigures
    processes: list[ProcessReport]
    outbox_age_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowMetrics:
    figures: MetricFigures
    circuit_breakers: CircuitBreakers
    job_records: JobRecords
    process: ProcessFigures
    processes: ProcessRegister
    system_queries: SystemQueries

    async def execute(self) -> OperationsView:
        summary = await self.figures.summary(watching=True)
        breakers = await self.circuit_breakers.status()
        present = await self.processes.present()
        return OperationsView(
            metrics=_requests(summary),
            health=_health(score_of(summary, breakers, present)),
            circuit_breakers=list(breakers),
            queues=_queues(await self.job_records.counts()),
            system=self.process.read(),
            processes=list(present),
            outbox_age_seconds=await self.system_queries.outbox_age_seconds(),
        )


def _requests(summary: MetricsSummary) -> RequestFigures:
    return RequestFigures(
        active_users=summary.active_users,
        requests_per_minute=summary.requests_per_minute,
        avg_response_time=summary.avg_response_time,
        p50=summary.p50,
        p95=summary.p95,
        p99=summary.p99,
        error_rate=summary.error_rate,
        db_query_time=summary.db_query_time,
        queries_per_request=summary.queries_per_request,
        cache=CacheFigures(
            hit_rate=summary.cache_hit_rate,
            hits=summary.cache_hits,
            misses=summary.cache_misses,
            stale=summary.cache_stale,
        ),
    )


def score_of(
    summary: MetricsSummary, breakers: Sequence[BreakerStatus], processes: Sequence[ProcessReport]
) -> HealthScore:
    """A breaker is open when this process or any other says so; the others last did five seconds ago at most."""
    broken = {breaker.name for breaker in breakers if breaker.state is not BreakerState.CLOSED}
    broken.update(*(process.open_breakers for process in processes))
    return health_score(
        Vitals(
            mean_response_ms=summary.avg_response_time,
            errors=summary.errors_last_five_minutes,
            mean_query_ms=summary.db_query_time,
            open_breakers=len(broken),
            cache_degraded="cache" in broken,
        )
    )


def _health(health: HealthScore) -> HealthFigures:
    return HealthFigures(
        score=health.score,
        status=health.status,
        issues=[_issue(part) for part in health.parts if part.points],
        parts=[_issue(part) for part in health.parts],
    )


def _issue(part: ScorePart) -> HealthIssue:
    return HealthIssue(name=part.name, value=part.value, threshold=part.threshold, points=part.points)


def _queues(counts: Mapping[str, JobCounts]) -> dict[str, QueueFigures]:
    return {
        name: QueueFigures(
            waiting=queue.waiting, running=queue.running, dead=queue.dead, oldest_seconds=queue.oldest_seconds
        )
        for name, queue in counts.items()
    }
