"""How well the system is doing, as one number with its reasons."""

from dataclasses import dataclass
from enum import StrEnum

HEALTHY_FROM, DEGRADED_FROM = 80, 50


class HealthStatus(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"

    @classmethod
    def of_score(cls, score: int) -> "HealthStatus":
        if score >= HEALTHY_FROM:
            return cls.HEALTHY
        return cls.DEGRADED if score >= DEGRADED_FROM else cls.UNHEALTHY


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePart:
    """One thing that is looked at: its value now, the points it costs, and the threshold it passed, or the lowest when
    it passed none."""

    name: str
    value: float
    threshold: float
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What the score is made of; times in milliseconds, over the last 5 minutes."""

    mean_response_ms: float
    errors: int
    mean_query_ms: float
    open_breakers: int
    cache_degraded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthScore:
    """100 less the points of its parts, never below 0."""

    parts: tuple[ScorePart, ...]

    @property
    def score(self) -> int:
        return max(0, 100 - sum(part.points for part in self.parts))

    @property
    def status(self) -> HealthStatus:
        return HealthStatus.of_score(self.score)


def health_score(vitals: Vitals) -> HealthScore:
    """The score by the operations numbers of the product."""
    return HealthScore(
        parts=(
            _part("meanResponseMs", vitals.mean_response_ms, ((1000, 20), (500, 10))),
            _part("errorsInFiveMinutes", vitals.errors, ((20, 30), (5, 15))),
            _part("meanQueryMs", vitals.mean_query_ms, ((500, 20),)),
            ScorePart(
                name="openBreakers",
                value=vitals.open_breakers,
                threshold=0,
                points=10 * vitals.open_breakers,
            ),
            _part("cacheDegraded", float(vitals.cache_degraded), ((0, 10),)),
        )
    )


def _part(name: str, value: float, steps: tuple[tuple[float, int], ...]) -> ScorePart:
    """The first (highest) threshold that the value is above decides the points."""
    for threshold, points in steps:
        if value > threshold:
            return ScorePart(name=name, value=value, threshold=threshold, points=points)
    return ScorePart(name=name, value=value, threshold=steps[-1][0], points=0)
