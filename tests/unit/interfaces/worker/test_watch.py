"""One process watches over all; each notices when the database is away, and one tells."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from application.adapters import Adapters
from application.ports.alert_channel import AlertChannel
from application.ports.heartbeat import Heartbeat
from application.ports.process_register import ProcessRegister, ProcessReport
from application.use_cases import UseCases, build_use_cases
from domain.operations.alert import AlertState, Notice
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.persistence.constraint_errors import DatabaseUnavailable
from interfaces.worker.watch import Watch
from tests.support.in_memory_adapters import in_memory_adapters
from tests.support.polling import until


@dataclass
class Heard(AlertChannel):
    titles: list[str] = field(default_factory=list[str])

    async def send(self, notice: Notice) -> None:
        self.titles.append(notice.title)


@dataclass
class Beats(Heartbeat):
    count: int = 0

    async def beat(self) -> None:
        self.count += 1


@dataclass
class Register(ProcessRegister):
    """That of the database, unless it is away."""

    inner: ProcessRegister
    is_away: bool = False

    async def report(self, report: ProcessReport) -> bool:
        if self.is_away:
            raise DatabaseUnavailable
        return await self.inner.report(report)

    async def present(self) -> Sequence[ProcessReport]:
        return await self.inner.present()

    async def leave(self, process_id: str) -> None:
        await self.inner.leave(process_id)


@dataclass
class Tower:
    adapters: Adapters
    use_cases: UseCases
    register: Register
    log: Heard
    slack: Heard
    beats: Beats
    clock: SettableClock

    def watch(
        self,
        process_id: str,
        monotonic: Callable[[], float] = time.monotonic,
        register: ProcessRegister | None = None,
    ) -> Watch:
        report = self.use_cases.report_process
        return Watch(
            report=report if register is None else replace(report, register=register),
            watch=self.use_cases.watch_over_system,
            record=self.use_cases.record_minute,
            heartbeat=self.beats,
            errors=self.adapters.error_log,
            process_id=process_id,
            role="api",
            monotonic=monotonic,
        )


@pytest.fixture
def tower(tmp_path: Path) -> Tower:
    adapters = in_memory_adapters(tmp_path)
    register, log, slack, beats = Register(adapters.process_register), Heard(), Heard(), Beats()
    adapters = replace(
        adapters, process_register=register, alert_log=log, alert_channels={"slack": slack}, heartbeat=beats
    )
    clock = adapters.clock
    assert isinstance(clock, SettableClock)
    return Tower(adapters, build_use_cases(adapters), register, log, slack, beats, clock)


async def test_only_the_leader_looks_and_beats(tower: Tower) -> None:
    one, other = tower.watch("host:1"), tower.watch("host:2")
    await tower.adapters.circuit_breakers.force_open("email", "test", 60)
    for _ in range(3):
        await one.look()
        await other.look()
    await until(lambda: tower.beats.count == 1)
    assert tower.log.titles == ["Circuit breaker email opened"]
    (minute,) = await tower.use_cases.show_history.execute()
    assert minute.score == 90
    await one.stop()
    tower.clock.advance(timedelta(minutes=1))
    await other.look()
    await until(lambda: tower.beats.count == 2)
    await other.stop()


async def test_a_lost_database_is_told_at_once_and_once_and_its_end_is_written_down(
    tower: Tower,
) -> None:
    elapsed = 0.0
    watches = [tower.watch(f"host:{number}", lambda: elapsed) for number in range(2)]
    for watch in watches:
        await watch.look()
    tower.register.is_away = True
    for seconds in (0, 15, 5, 5):
        elapsed += seconds
        tower.clock.advance(timedelta(seconds=seconds))
        for watch in watches:
            await watch.look()
    await until(lambda: bool(tower.slack.titles))
    assert tower.log.titles == tower.slack.titles == ["Database connection failed"]
    tower.register.is_away = False
    for _ in range(2):
        for watch in watches:
            await watch.look()
    assert tower.log.titles[1:] == ["Over after 25 s: Database connection failed"]
    (alert,), _ = await tower.adapters.alert_queries.alerts(AlertState.RESOLVED, limit=5, after=None)
    assert alert.rule == "database_away"
    for watch in watches:
        await watch.stop()


async def test_a_process_that_was_cut_off_alone_mutes_no_later_outage(tower: Tower) -> None:
    elapsed, cut_off = 0.0, Register(tower.adapters.process_register)
    leader = tower.watch("host:1", lambda: elapsed)
    alone = tower.watch("host:2", lambda: elapsed, register=cut_off)

    async def pass_time(*steps: int) -> None:
        nonlocal elapsed
        for seconds in steps:
            elapsed += seconds
            tower.clock.advance(timedelta(seconds=seconds))
            await leader.look()
            await alone.look()

    await pass_time(0, 5)
    cut_off.is_away = True
    await pass_time(5, 16, 60, 5, 60, 5)

    def told() -> list[str]:
        return [title for title in tower.log.titles if "Database" in title]

    await until(lambda: len(told()) == 2)
    started, ended = told()
    assert (started, ended.startswith("Over after ")) == ("Database connection failed", True)
    cut_off.is_away = False
    await pass_time(5)
    tower.register.is_away = cut_off.is_away = True
    await pass_time(5, 16, 5)
    await until(lambda: told()[2:] == ["Database connection failed"])
    for watch in (leader, alone):
        await watch.stop()
