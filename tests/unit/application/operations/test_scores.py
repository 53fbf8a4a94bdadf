"""What the figures of this minute say of the system's health, and what is kept of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from application.operations.record_minute import RecordMinute, last_settled_minute
from application.operations.show_metrics import score_of
from application.ports.circuit_breakers import BreakerState, BreakerStatus, CircuitBreakers
from application.ports.figure_history import FigureHistory, MinuteFigures
from application.ports.process_register import ProcessRegister, ProcessReport
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.metrics.in_memory_metrics import InMemoryMetrics
from tests.support.builders import NOW


def a_process(name: str, *open_breakers: str) -> ProcessReport:
    return ProcessReport(
        id=name,
        role="worker",
        memory_bytes=1,
        memory_limit_bytes=2,
        uptime_seconds=3,
        loop_lag_ms=0,
        open_breakers=dict.fromkeys(open_breakers, "failed"),
        seen_at=NOW,
    )


def a_breaker(name: str, state: BreakerState) -> BreakerStatus:
    return BreakerStatus(name=name, state=state, failures=0, opened_at=None, retry_at=None, calls=0)


@pytest.mark.parametrize(
    ("here", "elsewhere", "score"),
    [
        (BreakerState.CLOSED, [], 100),
        (BreakerState.HALF_OPEN, [], 90),
        (BreakerState.CLOSED, [["email"], []], 90),
        # The same one, seen by three.
        (BreakerState.OPEN, [["email"], ["email"]], 90),
        (BreakerState.OPEN, [["payments"]], 80),
        # A breaker less, and the cache degraded.
        (BreakerState.CLOSED, [["cache"]], 80),
    ],
)
async def test_a_breaker_that_is_open_in_any_process_costs_its_points_once(
    here: BreakerState, elsewhere: list[list[str]], score: int
) -> None:
    summary = await InMemoryMetrics().summary()
    present = [a_process(f"host:{number}", *names) for number, names in enumerate(elsewhere)]
    assert score_of(summary, [a_breaker("email", here)], present).score == score


@dataclass
class KeptMinutes(FigureHistory):
    kept: list[MinuteFigures] = field(default_factory=list[MinuteFigures])

    async def add(self, figures: MinuteFigures) -> None:
        self.kept.append(figures)

    async def since(self, instant: datetime) -> Sequence[MinuteFigures]:
        return [minute for minute in self.kept if minute.minute >= instant]


class OneOpenElsewhere(ProcessRegister):
    async def report(self, report: ProcessReport) -> bool:
        return report.id == "host:1"

    async def present(self) -> Sequence[ProcessReport]:
        return [a_process("host:1", "payments")]

    async def step_down(self, process_id: str) -> None:
        raise NotImplementedError(process_id)

    async def leave(self, process_id: str) -> None:
        raise NotImplementedError(process_id)


class AllClosed(CircuitBreakers):
    async def status(self) -> Sequence[BreakerStatus]:
        return [a_breaker("payments", BreakerState.CLOSED)]

    async def reset(self, name: str) -> None:
        raise NotImplementedError(name)

    async def force_open(self, name: str, reason: str, seconds: float) -> None:
        raise NotImplementedError(name, reason, seconds)


async def test_what_is_kept_of_a_minute_is_that_of_the_minute() -> None:
    clock, history = SettableClock(NOW), KeptMinutes()
    metrics = InMemoryMetrics(lambda: clock.now().timestamp())
    for seconds, after in ((0.9, 119), (0.1, 1), (0.1, 58), (0.1, 1), (0.7, 5)):
        # At 10:00:00, 10:01:59, 10:02:00, 10:02:58 and 10:02:59, and then it is 10:03:04.
        metrics.request_finished(route="/", method="GET", status=200, seconds=seconds)
        clock.advance(timedelta(seconds=after))
    record = RecordMinute(figures=metrics, circuit_breakers=AllClosed(), processes=OneOpenElsewhere(), history=history)
    assert last_settled_minute(clock.now()) == NOW + timedelta(minutes=2)
    clock.advance(timedelta(seconds=1))
    metrics.request_finished(route="/", method="GET", status=200, seconds=5)
    await record.execute(until=last_settled_minute(clock.now()))
    (minute,) = history.kept
    assert minute.minute == NOW + timedelta(minutes=2)
    assert (minute.requests, minute.mean, minute.score) == (3, 300.0, 90)
    assert minute.p95 == pytest.approx(700, rel=0.03)
