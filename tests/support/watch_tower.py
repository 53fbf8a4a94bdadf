"""Processes that watch over one system, and who is told by them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from application.adapters import Adapters
from application.ports.alert_channel import AlertChannel
from application.ports.heartbeat import Heartbeat
from application.ports.process_register import ProcessRegister, ProcessReport
from application.use_cases import UseCases, build_use_cases
from domain.operations.alert import Notice
from infrastructure.clock.settable_clock import SettableClock
from infrastructure.persistence.constraint_errors import DatabaseUnavailable
from interfaces.worker.job_kinds import job_kinds
from interfaces.worker.job_runner import JobRunner
from interfaces.worker.left_notices import LeftNotices
from interfaces.worker.watch import Watch
from tests.support.in_memory_adapters import in_memory_adapters
from tests.support.polling import PATIENCE_SECONDS


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
    """That of the database, unless it is away; or it takes reports, and answers nothing else."""

    inner: ProcessRegister
    is_away: bool = False
    unanswered: Exception | None = None

    async def report(self, report: ProcessReport) -> bool:
        if self.is_away:
            raise DatabaseUnavailable
        return await self.inner.report(report)

    async def present(self) -> Sequence[ProcessReport]:
        if self.unanswered is not None:
            raise self.unanswered
        return await self.inner.present()

    async def step_down(self, process_id: str) -> None:
        await self.inner.step_down(process_id)

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
            notices=LeftNotices(self.adapters.job_queries, self.runner().run, wait_seconds=0),
            errors=self.adapters.error_log,
            process_id=process_id,
            role="api",
            patience_seconds=PATIENCE_SECONDS,
            monotonic=monotonic,
        )

    def runner(self) -> JobRunner:
        a = self.adapters
        kinds = job_kinds(self.use_cases, mail_per_second=1000)
        return JobRunner(a.job_records, kinds, clock=a.clock, metrics=a.metrics, pace=a.pace)


def a_tower(tmp_path: Path, *, with_mail: bool = False, **swapped: object) -> Tower:
    """No relay runs and no worker is there; ports may be swapped."""
    adapters = in_memory_adapters(tmp_path)
    register, log, slack, beats = Register(adapters.process_register), Heard(), Heard(), Beats()
    channels: dict[str, AlertChannel] = {"slack": slack, **(adapters.alert_channels if with_mail else {})}
    adapters = replace(adapters, process_register=register, alert_log=log, alert_channels=channels, heartbeat=beats)
    adapters = replace(adapters, **swapped)
    clock, use_cases = adapters.clock, build_use_cases(adapters)
    assert isinstance(clock, SettableClock)
    use_cases.watch_over_system.observe.limit_seconds = PATIENCE_SECONDS
    return Tower(adapters, use_cases, register, log, slack, beats, clock)
