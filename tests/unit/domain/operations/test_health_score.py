"""The score by the product's operations numbers."""

from dataclasses import replace
from typing import Any

import pytest

from domain.operations.health_score import HealthStatus, Vitals, health_score

WELL: dict[str, Any] = {
    "mean_response_ms": 20,
    "errors": 0,
    "mean_query_ms": 3,
    "open_breakers": 0,
    "cache_degraded": False,
}


@pytest.mark.parametrize(
    ("vitals", "score", "part"),
    [
        ({}, 100, None),
        ({"mean_response_ms": 500}, 100, None),
        ({"mean_response_ms": 501}, 90, ("meanResponseMs", 501, 500, 10)),
        ({"mean_response_ms": 1001}, 80, ("meanResponseMs", 1001, 1000, 20)),
        ({"errors": 5}, 100, None),
        ({"errors": 6}, 85, ("errorsInFiveMinutes", 6, 5, 15)),
        ({"errors": 21}, 70, ("errorsInFiveMinutes", 21, 20, 30)),
        ({"mean_query_ms": 501}, 80, ("meanQueryMs", 501, 500, 20)),
        ({"open_breakers": 2}, 80, ("openBreakers", 2, 0, 20)),
        ({"cache_degraded": True}, 90, ("cacheDegraded", 1, 0, 10)),
    ],
)
def test_each_part_costs_its_points(
    vitals: dict[str, Any], score: int, part: tuple[str, float, float, int] | None
) -> None:
    health = health_score(Vitals(**WELL | vitals))
    assert health.score == score
    costly = [(part.name, part.value, part.threshold, part.points) for part in health.parts if part.points]
    assert costly == ([] if part is None else [part])


def test_every_part_shows_its_value_and_its_threshold() -> None:
    parts = health_score(Vitals(**WELL)).parts
    assert [(part.name, part.value, part.threshold) for part in parts] == [
        ("meanResponseMs", 20, 500),
        ("errorsInFiveMinutes", 0, 5),
        ("meanQueryMs", 3, 500),
        ("openBreakers", 0, 0),
        ("cacheDegraded", 0, 0),
    ]


@pytest.mark.parametrize(
    ("breakers", "status"),
    [(2, HealthStatus.HEALTHY), (3, HealthStatus.DEGRADED), (5, HealthStatus.DEGRADED), (6, HealthStatus.UNHEALTHY)],
)
def test_the_status_follows_from_the_score(breakers: int, status: HealthStatus) -> None:
    assert health_score(replace(Vitals(**WELL), open_breakers=breakers)).status is status


def test_the_score_is_never_below_zero() -> None:
    assert health_score(replace(Vitals(**WELL), open_breakers=20)).score == 0
