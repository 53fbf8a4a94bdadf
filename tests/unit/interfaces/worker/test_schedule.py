"""What is due by the clock, through the two nights when the clocks change."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger

from infrastructure.persistence.jobs.job_tables import QUEUES, jobs
from interfaces.worker.job_kinds import job_kinds
from interfaces.worker.schedule import (
    SCHEDULE,
    ZONE,
    FireSchedule,
    Scheduled,
    firing_key,
    latest_firing,
    start_scheduler,
)
from tests.support.builders import NOW
from tests.support.polling import until
from tests.support.stores import Store

SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
NIGHTS = pytest.mark.parametrize("night", [SPRING, AUTUMN], ids=["spring", "autumn"])

EVERY_MINUTE = Scheduled(kind="tests.minutely", minute="*")
EVERY_QUARTER = Scheduled(kind="tests.quarterly", minute="*/15")
DAILY = [
    Scheduled(kind=f"tests.daily_at_{hour}h{minute}", minute=minute, hour=hour)
    for hour, minute in (
        ("0", "0"),
        ("1", "59"),
        ("2", "0"),
        ("2", "30"),
        ("2", "59"),
        ("3", "0"),
        ("6", "0"),
        ("23", "59"),
    )
]


def firings(scheduled: Scheduled, first: datetime, last: datetime) -> Iterator[datetime]:
    """The instants at which the scheduler's own trigger fires, asked at each firing for the next, as it is."""
    trigger = CronTrigger(minute=scheduled.minute, hour=scheduled.hour, timezone=ZONE)
    fired = trigger.get_next_fire_time(None, first.astimezone(ZONE))
    while fired is not None and (instant := fired.astimezone(UTC)) < last:
        yield instant
        fired = trigger.get_next_fire_time(fired, instant.astimezone(ZONE))
        assert fired is None or fired.astimezone(UTC) > instant, "the scheduler would stand still"


def around(night: date) -> tuple[datetime, datetime]:
    """From midnight of the day before to midnight after the day, in local time."""
    first = datetime(night.year, night.month, night.day, tzinfo=ZONE) - timedelta(days=1)
    return first.astimezone(UTC), (first + timedelta(days=2)).astimezone(UTC)


@NIGHTS
@pytest.mark.parametrize("scheduled", DAILY, ids=lambda scheduled: scheduled.kind)
def test_what_is_due_once_a_day_has_one_key_a_day(scheduled: Scheduled, night: date) -> None:
    keys = {firing_key(scheduled, at) for at in firings(scheduled, *around(night))}
    days = Counter(key.split(":")[2][:10] for key in keys)
    before = night - timedelta(days=1)
    assert days == {before.isoformat(): 1, night.isoformat(): 1}


def test_an_hour_that_comes_twice_fires_twice_under_one_key() -> None:
    """Otherwise the test above would show nothing."""
    reconciliation = Scheduled(kind="tests.reconcile", minute="30", hour="2")
    fired = [at for at in firings(reconciliation, *around(AUTUMN)) if at.astimezone(ZONE).date() == AUTUMN]
    twice = [datetime(2027, 10, 31, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert set(fired) <= set(twice)
    assert len({firing_key(reconciliation, at) for at in twice}) == 1


@NIGHTS
@pytest.mark.parametrize(("scheduled", "minutes"), [(EVERY_MINUTE, 1), (EVERY_QUARTER, 15)])
def test_what_is_due_every_so_often_goes_on_through_the_night(scheduled: Scheduled, minutes: int, night: date) -> None:
    first, last = around(night)
    every = timedelta(minutes=minutes)
    expected = [first + every * at for at in range((last - first) // every)]
    assert (last - first) / timedelta(hours=1) == (47 if night == SPRING else 49)
    assert len({firing_key(scheduled, at) for at in expected}) == len(expected)
    fired = set(firings(scheduled, first, last))
    # The trigger itself must not pause while the clock is put back.
    assert fired == set(expected)


def test_a_key_names_the_minute_whatever_the_second() -> None:
    for scheduled in (EVERY_MINUTE, DAILY[0]):
        assert firing_key(scheduled, NOW) == firing_key(scheduled, NOW + timedelta(seconds=59, microseconds=999_999))
        assert firing_key(scheduled, NOW) != firing_key(scheduled, NOW + timedelta(minutes=1))


def test_a_key_is_the_same_in_whatever_zone_the_instant_comes() -> None:
    for scheduled in (EVERY_MINUTE, DAILY[0]):
        assert firing_key(scheduled, NOW) == firing_key(scheduled, NOW.astimezone(ZONE))


def test_schedules_do_not_share_keys() -> None:
    assert len({firing_key(scheduled, NOW) for scheduled in SCHEDULE}) == len(SCHEDULE)


def test_whatever_is_scheduled_is_known_to_the_workers() -> None:
    kinds = job_kinds(None, mail_per_second=10)  # pyright: ignore[reportArgumentType] - only the names are looked at
    for scheduled in SCHEDULE:
        assert scheduled.kind in kinds
        assert scheduled.queue in QUEUES


async def test_of_several_processes_one_records_a_firing(sqlite_store: Store) -> None:
    fire = FireSchedule(unit_of_work=sqlite_store.unit_of_work, clock=sqlite_store.clock)
    for _ in range(3):
        await fire.execute(EVERY_MINUTE)
    sqlite_store.clock.advance(timedelta(minutes=1))
    await fire.execute(EVERY_MINUTE)
    rows = await sqlite_store.rows(jobs)
    assert [(row["kind"], row["payload"]) for row in rows] == [("tests.minutely", {})] * 2


NIGHTLY = Scheduled(kind="tests.nightly", minute="0", hour="3")


@pytest.mark.parametrize("missed_for", [timedelta(0), timedelta(minutes=1), timedelta(hours=23, minutes=59)])
async def test_a_missed_night_is_made_up_once_by_all_processes(sqlite_store: Store, missed_for: timedelta) -> None:
    fire = FireSchedule(unit_of_work=sqlite_store.unit_of_work, clock=sqlite_store.clock)
    sqlite_store.clock.set(datetime(2027, 5, 3, 3, 0, tzinfo=ZONE) + missed_for)
    for _ in range(3):
        await fire.make_up(NIGHTLY)
    (row,) = await sqlite_store.rows(jobs)
    assert row["unique_key"] == "schedule:tests.nightly:2027-05-03T03:00"


async def test_a_night_that_was_not_missed_is_not_made_up(sqlite_store: Store) -> None:
    fire = FireSchedule(unit_of_work=sqlite_store.unit_of_work, clock=sqlite_store.clock)
    sqlite_store.clock.set(datetime(2027, 5, 3, 3, 0, 12, tzinfo=ZONE))
    await fire.execute(NIGHTLY)
    sqlite_store.clock.advance(timedelta(hours=5))
    await fire.make_up(NIGHTLY)
    assert len(await sqlite_store.rows(jobs)) == 1


def test_what_was_due_longer_ago_is_not_made_up() -> None:
    due = datetime(2027, 5, 3, 3, 0, tzinfo=ZONE).astimezone(UTC)
    assert latest_firing(NIGHTLY, due - timedelta(seconds=1)) == due - timedelta(days=1)
    assert latest_firing(NIGHTLY, due) == due
    # A night with an hour more: the firing before is 25 hours old by then.
    before = datetime(2027, 10, 30, 3, 0, tzinfo=ZONE).astimezone(UTC)
    assert latest_firing(NIGHTLY, before + timedelta(hours=24)) == before
    assert latest_firing(NIGHTLY, before + timedelta(hours=24, seconds=1)) is None


@NIGHTS
@pytest.mark.parametrize("scheduled", DAILY, ids=lambda scheduled: scheduled.kind)
def test_what_is_made_up_has_the_key_of_the_firing_in_both_nights(scheduled: Scheduled, night: date) -> None:
    """Whenever in the day after somebody looks back; otherwise it would run twice."""
    first, last = around(night)
    fired = {firing_key(scheduled, at) for at in firings(scheduled, first - timedelta(days=1), last)}
    for quarter in range(int((last - first) / timedelta(minutes=15))):
        latest = latest_firing(scheduled, first + timedelta(minutes=15 * quarter))
        assert latest is None or firing_key(scheduled, latest) in fired


def test_only_what_is_due_at_an_hour_is_made_up() -> None:
    assert [scheduled.is_made_up for scheduled in (EVERY_MINUTE, EVERY_QUARTER, NIGHTLY)] == [False, False, True]


async def test_the_scheduler_knows_every_schedule_and_ends_when_told() -> None:
    async def fire(_scheduled: Scheduled) -> None:
        return

    made_up = list[str]()

    async def make_up(scheduled: Scheduled) -> None:
        made_up.append(scheduled.kind)

    scheduler = start_scheduler(fire, make_up)
    await until(lambda: made_up == [scheduled.kind for scheduled in SCHEDULE if scheduled.is_made_up])
    assert len(scheduler.get_jobs()) == len(SCHEDULE) + len(made_up)
    scheduler.shutdown(wait=False)
    await until(lambda: not scheduler.running)
