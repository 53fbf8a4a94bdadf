"""All breakers of a process under their names."""

from dataclasses import dataclass, field

import pytest

from application.ports.circuit_breakers import CircuitOpen, UnknownBreaker
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.breaker_registry import BreakerRegistry, SharedState
from tests.support.breaker_world import RULE


@dataclass
class Shared(SharedState):
    happened: list[str] = field(default_factory=list)

    async def start(self) -> None:
        self.happened.append("started")

    async def stop(self) -> None:
        self.happened.append("stopped")


async def test_what_shares_the_breakers_starts_and_stops_with_them() -> None:
    shared = Shared()
    registry = BreakerRegistry([], shared)
    await registry.start()
    assert shared.happened == ["started"]
    await registry.stop()
    assert shared.happened == ["started", "stopped"]


async def test_a_process_alone_starts_and_stops_too() -> None:
    registry = BreakerRegistry([Breaker("payments", RULE)])
    await registry.start()
    await registry.stop()
    assert [status.name for status in await registry.status()] == ["payments"]


async def test_who_names_no_breaker_is_told_which_name_is_wrong() -> None:
    registry = BreakerRegistry([Breaker("payments", RULE)])
    with pytest.raises(UnknownBreaker, match=r"no circuit breaker postage$"):
        await registry.reset("postage")


async def test_one_is_opened_and_the_others_stay_as_they_are() -> None:
    registry = BreakerRegistry([Breaker("payments", RULE), Breaker("email", RULE)])
    await registry.force_open("email", "moving", 60)
    assert [(status.state, status.reason) for status in await registry.status()] == [
        ("closed", None),
        ("open", "moving"),
    ]


async def _down() -> None:
    raise ConnectionResetError


async def test_every_call_and_every_change_is_measured() -> None:
    metrics, breaker = InMemoryMetrics(), Breaker("payments", RULE)
    registry = BreakerRegistry([breaker])
    registry.observe(metrics)
    assert _figure(metrics, 'tailtribe_breaker_state{name="payments",state="closed"}') == 1
    for _ in range(RULE.failures_to_open):
        with pytest.raises(ConnectionResetError):
            await breaker.call(_down)
    with pytest.raises(CircuitOpen):
        await breaker.call(_down)
    calls = 'tailtribe_dependency_seconds_{}{{name="payments",outcome="{}"}}'
    assert _figure(metrics, calls.format("count", "failed")) == RULE.failures_to_open
    assert 0 < _figure(metrics, calls.format("sum", "failed")) < 5
    assert _figure(metrics, calls.format("count", "not_sent")) == 1
    assert _figure(metrics, calls.format("sum", "not_sent")) == 0
    assert _figure(metrics, 'tailtribe_breaker_changes_total{name="payments",state="open"}') == 1
    assert _figure(metrics, 'tailtribe_breaker_state{name="payments",state="open"}') == 1


def _figure(metrics: InMemoryMetrics, series: str) -> float:
    lines = metrics.prometheus_text().decode().splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{series} "))
