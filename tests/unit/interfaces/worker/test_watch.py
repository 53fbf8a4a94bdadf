"""One process watches over all; each notices when the database is away, and one tells."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from application.deadline import DeadlineExceeded
from application.ports.alert_channel import ChannelUnavailable
from application.ports.breaker_history import BreakerChange
from application.ports.circuit_breakers import BreakerState
from domain.operations.alert import AlertState, Notice
from infrastructure.alerts.outage_records import InMemoryOutageRecord
from infrastructure.errors.error_journal import ErrorJournal
from interfaces.worker.watch import PATIENT_LOOKS
from tests.support.polling import until, until_awaited
from tests.support.watch_tower import Beats, Heard, Register, Tower, a_tower


@pytest.fixture
def tower(tmp_path: Path) -> Tower:
    return a_tower(tmp_path)


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


async def test_of_a_database_that_stays_away_somebody_reminds_every_hour(tower: Tower) -> None:
    elapsed = 0.0
    watches = [tower.watch(f"host:{number}", lambda: elapsed) for number in range(2)]
    tower.register.is_away = True
    for _ in range(4 * 60 + 1):
        for watch in watches:
            await watch.look()
        elapsed += 32
        tower.clock.advance(timedelta(seconds=32))
    title = "Database connection failed"
    await until(lambda: len(tower.slack.titles) == 3)
    assert tower.slack.titles == [title, f"Still after 60 min: {title}", f"Still after 2 h 0 min: {title}"]
    tower.register.is_away = False
    for watch in watches:
        await watch.look()
    assert tower.log.titles[-1] == f"Over after 2 h 9 min: {title}"
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


async def test_a_database_too_slow_for_a_look_is_told_as_lost_and_another_may_look(tower: Tower) -> None:
    elapsed = 0.0
    slow, quick = (tower.watch(f"host:{number}", lambda: elapsed) for number in range(2))
    await tower.adapters.circuit_breakers.force_open("email", "test", 3600)

    async def look_after(seconds: int) -> None:
        nonlocal elapsed
        elapsed += seconds
        tower.clock.advance(timedelta(seconds=seconds))
        for watch, error in ((slow, DeadlineExceeded()), (quick, None)):
            tower.register.unanswered = error
            await watch.look()

    for _ in range(PATIENT_LOOKS):
        assert tower.log.titles == []
        await look_after(9)
    await until(lambda: tower.slack.titles == ["Database connection failed"])
    await look_after(5)
    told = ["Circuit breaker email opened", "Over after 23 s: Database connection failed"]
    assert tower.log.titles[1:] == told
    await look_after(5)
    assert tower.log.titles[1:] == told
    for watch in (slow, quick):
        await watch.stop()


async def test_after_a_mistake_in_the_look_what_is_left_of_an_outage_is_settled(tmp_path: Path) -> None:
    class Recoveries(InMemoryOutageRecord):
        count = 0

        async def recovered(self) -> None:
            self.count += 1

    outage = Recoveries()
    tower = a_tower(tmp_path, outage_record=outage)
    watch = tower.watch("host:1")
    tower.register.is_away = True
    await watch.look()
    tower.register.is_away, tower.register.unanswered = False, LookupError("a mistake")
    with pytest.raises(LookupError):
        await watch.look()
    assert outage.count == 0
    tower.register.unanswered = None
    for _ in range(2):
        await watch.look()
    assert outage.count == 1
    await watch.stop()


async def test_whoever_makes_the_same_mistake_in_every_look_lets_another_lead(tower: Tower) -> None:
    mistaken, other = tower.watch("host:1"), tower.watch("host:2")
    tower.register.unanswered = LookupError("a mistake")
    for _ in range(PATIENT_LOOKS):
        with pytest.raises(LookupError):
            await mistaken.look()
        await other.look()
    await mistaken.look()
    tower.register.unanswered = None
    await other.look()
    await until(lambda: tower.beats.count == 1)
    assert not await tower.register.report(structs.replace((await tower.register.present())[0], id="host:3"))
    for watch in (mistaken, other):
        await watch.stop()


async def test_a_channel_that_does_not_take_the_notice_of_a_lost_database_is_told_at_a_later_look(
    tmp_path: Path,
) -> None:
    class Cut(Heard):
        tries = 0
        is_away = True

        async def send(self, notice: Notice) -> None:
            self.tries += 1
            if self.is_away:
                raise ChannelUnavailable
            await super().send(notice)

    elapsed, slack = 0.0, Cut()
    tower = a_tower(tmp_path, alert_channels={"slack": slack})
    watch = tower.watch("host:1", lambda: elapsed)
    tower.register.is_away = True
    await watch.look()
    for tries in range(1, 4):
        elapsed += 16
        await watch.look()
        await until(lambda tries=tries: slack.tries == tries)
    slack.is_away = False
    for _ in range(3):
        await watch.look()
    await until(lambda: slack.tries == 4)
    assert slack.titles == tower.log.titles == ["Database connection failed"]
    await watch.stop()


async def test_an_opening_shorter_than_a_look_is_told_once_whoever_leads(tower: Tower) -> None:
    one, other = tower.watch("host:1"), tower.watch("host:2")
    await one.look()
    opening = BreakerChange(
        id=tower.adapters.ids.new(),
        name="payments",
        from_state=BreakerState.CLOSED,
        to_state=BreakerState.OPEN,
        at=tower.clock.now() + timedelta(seconds=1),
        reason="3 failures in a row",
        process="host:3",
    )
    await tower.adapters.breaker_history.add([opening])
    for watch in (one, one, other, other, other):
        tower.clock.advance(timedelta(seconds=5))
        await watch.look()
        if watch is one and len(tower.log.titles) == 1:
            await one.stop()
    assert tower.log.titles == [
        "Circuit breaker payments opened",
        "Over after 5 s: Circuit breaker payments opened",
    ]
    await other.stop()


async def test_a_mistake_in_what_goes_on_beside_the_look_is_noted(tmp_path: Path) -> None:
    class Mistaken(Beats):
        async def beat(self) -> None:
            raise LookupError

    tower = a_tower(tmp_path)
    tower.beats = Mistaken()
    watch = tower.watch("host:1")
    await watch.look()
    journal = tower.adapters.error_log
    assert isinstance(journal, ErrorJournal)

    async def is_noted() -> bool:
        await journal.write()
        return [group.place for group in await tower.adapters.error_groups.recent(limit=5)] == ["watch"]

    await until_awaited(is_noted)
    await watch.stop()
