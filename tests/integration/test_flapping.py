"""What flaps inside the time it must hold reaches nobody; what holds does, by way of rule, job and Slack."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from application.ports.job_queries import JobFilter
from application.ports.process_figures import ProcessFigures, SystemFigures
from domain.operations.alert_rules import RULES_BY_NAME
from infrastructure.alerts.slack_alert_channel import SlackAlertChannel, create_slack_client
from interfaces.worker.watch import Watch
from tests.support.fault_server import FaultServer
from tests.support.polling import until
from tests.support.watch_tower import Tower, a_tower

STEP = timedelta(seconds=5)
EVERYTHING = JobFilter()


@dataclass
class Memory(ProcessFigures):
    used: int = 50

    def read(self) -> SystemFigures:
        return SystemFigures(memory_bytes=self.used, memory_limit_bytes=100, uptime_seconds=1, process_id=1)


@dataclass
class Scene:
    tower: Tower
    watch: Watch
    memory: Memory
    slack: FaultServer

    async def use(self, percent: int, *, looks: int) -> None:
        self.memory.used = percent
        for _ in range(looks):
            await self.watch.look()
            self.tower.clock.advance(STEP)

    @property
    def told(self) -> list[str]:
        return [json.loads(request.body)["text"].splitlines()[0] for request in self.slack.requests]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    with FaultServer() as slack:
        client, memory = create_slack_client(), Memory()
        channels = {"slack": SlackAlertChannel(f"{slack.url}/services/hook", client)}
        tower = a_tower(tmp_path, alert_channels=channels, process=memory)
        watch = tower.watch("host:1")
        yield Scene(tower, watch, memory, slack)
        await watch.stop()
        await client.aclose()


async def test_what_flaps_inside_the_time_it_must_hold_is_told_to_nobody_and_what_holds_once(scene: Scene) -> None:
    hold = RULES_BY_NAME["memory"].hold_for // STEP
    for _ in range(5):
        await scene.use(95, looks=hold)
        await scene.use(50, looks=1)
    assert await scene.tower.adapters.job_queries.jobs(EVERYTHING, limit=1, after=None) == ([], None)
    assert scene.told == scene.tower.log.titles == []

    await scene.use(95, looks=hold + 2)
    await until(lambda: len(scene.told) == 1)
    await scene.use(50, looks=hold + 2)
    await until(lambda: len(scene.told) == 2)
    title = "Memory of host:1 nearly used up"
    assert scene.told == [f"🔴 *{title}*", f"🟢 *Over after 35 s: {title}*"]
