"""Notices reach people while queues are paused and no worker is there, once."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from application.operations.watch_over_system import notice_key
from application.ports.alert_channel import ChannelUnavailable
from application.ports.job_queries import AdminJobView, JobFilter
from application.ports.mail import Mail, MailMessage, MailUnavailable
from domain.operations.alert import Alert, AlertId, AlertState, Notice, NoticeKind
from domain.operations.job import JobStatus, QueueName
from domain.shared.errors import Unavailable
from interfaces.worker.job_runner import MESSAGE_VERSION
from interfaces.worker.left_notices import LeftNotices
from tests.support.polling import until, until_awaited
from tests.support.watch_tower import Heard, Tower, a_tower


@pytest.fixture
def tower(tmp_path: Path) -> Tower:
    return a_tower(tmp_path)


def an_alert(tower: Tower) -> Alert:
    now = tower.clock.now()
    return Alert(
        id=AlertId(tower.adapters.ids.new()),
        rule="queue_waits",
        subject="mail",
        value=75,
        since=now,
        last_seen_at=now,
        state=AlertState.FIRING,
        started_at=now,
        notified_at=now,
    )


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


NOTICES = JobFilter(kind="alerts.notify")


class SlackThatIsAway(Heard):
    is_away = True

    async def send(self, notice: Notice) -> None:
        if self.is_away:
            raise ChannelUnavailable
        await super().send(notice)


async def test_nobody_hears_of_an_end_before_its_beginning(tmp_path: Path) -> None:
    slack = SlackThatIsAway()
    tower = a_tower(tmp_path, alert_channels={"slack": slack})
    watch = tower.watch("host:1")
    await tower.adapters.circuit_breakers.force_open("email", "test", 3600)

    async def look_after(seconds: int) -> None:
        tower.clock.advance(timedelta(seconds=seconds))
        await watch.look()

    async def notices() -> list[AdminJobView]:
        return (await tower.adapters.job_queries.jobs(NOTICES, limit=9, after=None))[0][::-1]

    async def is_tried(times: int) -> bool:
        found = await notices()
        return [(job.attempts, job.status) for job in found] == [(times, JobStatus.RETRYING)]

    for times in range(1, 5):
        await look_after(16)
        await until_awaited(lambda times=times: is_tried(times))
    # It is tried again after eight seconds at the earliest; by then it is over.
    slack.is_away = False
    await tower.adapters.circuit_breakers.reset("email")
    await look_after(6)

    async def is_put_off() -> bool:
        return [job.run_at > tower.clock.now() for job in await notices()] == [True, True]

    await until_awaited(is_put_off)
    assert slack.titles == []

    async def is_told() -> bool:
        await look_after(3)
        return len(slack.titles) == 2

    await until_awaited(is_told)
    await watch.stop()
    assert slack.titles[0] == "Circuit breaker email opened"
    assert slack.titles[1].startswith("Over after ")


@dataclass
class MailThatIsAway(Mail):
    is_away: bool = True
    subjects: list[str] = field(default_factory=list[str])

    async def send(self, message: MailMessage) -> None:
        if self.is_away:
            raise MailUnavailable
        self.subjects.append(message.subject)


async def test_no_admin_is_mailed_an_end_before_its_beginning(tmp_path: Path) -> None:
    mail = MailThatIsAway()
    tower = a_tower(tmp_path, with_mail=True, mail=mail)
    await tower.use_cases.create_admin.execute(email="an@example.org", password="four unlikely small words")
    alert = an_alert(tower)
    channel = tower.adapters.alert_channels["mail"]

    async def told(alert: Alert, kind: NoticeKind) -> None:
        async with tower.adapters.unit_of_work() as uow:
            await uow.alerts.save([alert])
        await channel.send(Notice(kind=kind, alerts=(alert,)))

    async def run_mails() -> list[JobStatus]:
        for job in (await tower.adapters.job_queries.jobs(JobFilter(kind="alerts.mail"), limit=9, after=None))[0]:
            await tower.runner().run(job.id, MESSAGE_VERSION)
        return (await statuses(tower, "alerts.mail"))[::-1]

    await told(alert, NoticeKind.STARTED)
    assert await run_mails() == [JobStatus.RETRYING]
    mail.is_away = False
    await told(replace(alert, state=AlertState.RESOLVED, resolved_at=tower.clock.now()), NoticeKind.ENDED)
    # The younger is run first, and the older is not yet due again.
    await run_mails()
    assert mail.subjects == []
    tower.clock.advance(timedelta(seconds=30))
    await run_mails()
    tower.clock.advance(timedelta(seconds=30))
    assert await run_mails() == [JobStatus.SUCCEEDED] * 2
    began, ended = mail.subjects
    assert ended.endswith("Over after 0 s: Jobs wait in queue mail")
    assert began.endswith("Jobs wait in queue mail")
    assert "Over" not in began


async def test_a_beginning_is_mailed_once_also_when_it_is_asked_for_after_the_end(tmp_path: Path) -> None:
    tower = a_tower(tmp_path, with_mail=True)
    await tower.use_cases.create_admin.execute(email="an@example.org", password="four unlikely small words")
    channel, alert = tower.adapters.alert_channels["mail"], an_alert(tower)
    later = replace(alert, notified_at=tower.clock.now() + timedelta(hours=1))
    for kind, count in ((NoticeKind.STARTED, 1), (NoticeKind.ENDED, 2), (NoticeKind.GOES_ON, 4)):
        for told in (alert, later):
            await channel.send(Notice(kind=kind, alerts=(told,)))
        assert len(await statuses(tower, "alerts.mail")) == count


async def test_whoever_waits_long_for_a_beginning_is_asked_less_often(tower: Tower) -> None:
    alert_id = an_alert(tower).id
    async with tower.adapters.unit_of_work() as uow:
        key = notice_key(alert_id, NoticeKind.STARTED, "slack")
        await uow.jobs.enqueue("alerts.notify", {}, queue="money", unique_key=key)

    async def wait(kind: NoticeKind, asked_before: int) -> float | None:
        asked_at = tower.clock.now() - timedelta(seconds=asked_before)
        found = await tower.use_cases.tell_alert.wait_for_beginning(
            channel="slack", kind=kind, alert_ids=[alert_id], asked_at=asked_at
        )
        return None if found is None else found.total_seconds()

    assert [await wait(NoticeKind.ENDED, seconds) for seconds in (0, 2, 10, 20_000)] == [2, 2, 5, 30]
    assert await wait(NoticeKind.STARTED, 10) is None


async def test_a_database_that_goes_away_meanwhile_is_left_to_the_next_look(tower: Tower) -> None:
    async def away(_job_id: UUID, _version: int) -> None:
        raise Unavailable

    await tower.adapters.circuit_breakers.force_open("email", "test", 60)
    await tower.use_cases.report_process.execute(process_id="host:1", role="api")
    await tower.use_cases.watch_over_system.execute()
    await LeftNotices(tower.adapters.job_queries, away, wait_seconds=0).run(tower.clock.now())
    assert await statuses(tower, "alerts.notify") == [JobStatus.QUEUED]
