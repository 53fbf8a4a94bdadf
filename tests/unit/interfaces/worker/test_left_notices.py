"""Notices reach people while queues are paused and no worker is there, once."""

import asyncio
from pathlib import Path

import pytest

from application.ports.job_queries import JobFilter
from domain.operations.job import JobStatus, QueueName
from interfaces.worker.left_notices import LeftNotices
from tests.support.polling import until, until_awaited
from tests.support.watch_tower import Tower, a_tower


@pytest.fixture
def tower(tmp_path: Path) -> Tower:
    return a_tower(tmp_path)


async def pause_everything(tower: Tower) -> None:
    async with tower.adapters.unit_of_work() as uow:
        for queue in QueueName:
            assert await uow.jobs.pause(queue)


async def statuses(tower: Tower, kind: str) -> list[JobStatus]:
    found, _ = await tower.adapters.job_queries.jobs(JobFilter(kind=kind), limit=50, after=None)
    return [job.status for job in found]


async def test_whoever_watches_tells_once_what_no_worker_takes_up(tower: Tower) -> None:
    await pause_everything(tower)
    await tower.adapters.circuit_breakers.force_open("email", "test", 60)
    one, other = tower.watch("host:1"), tower.watch("host:2")
    await one.look()
    await until(lambda: bool(tower.slack.titles))
    await one.stop()
    for _ in range(2):
        await other.look()
    await other.stop()
    assert tower.slack.titles == ["Circuit breaker email opened"]
    assert await statuses(tower, "alerts.notify") == [JobStatus.SUCCEEDED]


async def test_of_several_who_take_up_a_notice_at_once_one_tells_it(tower: Tower) -> None:
    await tower.adapters.circuit_breakers.force_open("email", "test", 60)
    await tower.use_cases.report_process.execute(process_id="host:1", role="api")
    await tower.use_cases.watch_over_system.execute()
    crowd = [LeftNotices(tower.adapters.job_queries, tower.runner().run, wait_seconds=0) for _ in range(4)]
    await asyncio.gather(*(notices.run(tower.clock.now()) for notices in crowd))
    assert tower.slack.titles == ["Circuit breaker email opened"]


async def test_the_mails_to_admins_need_no_worker_either(tmp_path: Path) -> None:
    tower = a_tower(tmp_path, with_mail=True)
    await tower.use_cases.create_admin.execute(email="an@example.org", password="four unlikely small words")
    await pause_everything(tower)
    await tower.adapters.circuit_breakers.force_open("payments", "test", 60)
    watch = tower.watch("host:1")

    async def is_mailed() -> bool:
        await watch.look()
        return await statuses(tower, "alerts.mail") == [JobStatus.SUCCEEDED]

    await until_awaited(is_mailed)
    await watch.stop()
    assert len(list((tmp_path / "mail").iterdir())) == 1
