"""From what was committed to where it is worked on: nothing lost, nothing twice that matters."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from application.correlation import correlation_id
from application.ports.event_router import EventFacts, RoutedJob
from application.ports.job_records import LEASE_SECONDS, Lease
from domain.operations.job import QueueName
from infrastructure.ids.uuid7_ids import Uuid7Ids
from infrastructure.job_queue.holders import SAY_SECONDS, Holders
from infrastructure.job_queue.job_transport import DueJob, JobTransport, TransportUnavailable
from infrastructure.job_queue.outbox_relay import BATCH, LOST_AFTER, OutboxRelay
from infrastructure.persistence.constraint_errors import DatabaseUnavailable
from infrastructure.persistence.database import Database
from infrastructure.persistence.jobs.hot_statements import room_for, statements_for
from infrastructure.persistence.jobs.job_tables import QUEUES, JobStatus, jobs
from infrastructure.persistence.jobs.sql_job_records import SqlJobRecords
from infrastructure.persistence.outbox import outbox_events
from interfaces.worker.event_routes import EVENT_ROUTES, route_event
from tests.support.builders import CAREGIVER, NOW
from tests.support.polling import until
from tests.support.stores import Store, store_or_pooled_store

__all__ = ["store_or_pooled_store"]

MOMENT = timedelta(microseconds=1)


class KeptMessages(JobTransport):
    """Keeps what it was given; away as long as it is told so, after handing over the first `arrive`."""

    def __init__(self) -> None:
        self.sent: list[DueJob] = []
        self.away = False
        self.arrive = 0
        self.attempts = 0
        self.waiting: dict[str, int] = {}

    async def send(self, due: Sequence[DueJob]) -> None:
        self.attempts += 1
        await asyncio.sleep(0)
        if self.away:
            self.sent += due[: self.arrive]
            raise TransportUnavailable("away")
        self.sent += due

    async def backlog(self) -> Mapping[str, int]:
        return self.waiting

    @property
    def ids(self) -> list[UUID]:
        return [job.id for job in self.sent]


@pytest.fixture
def transport() -> KeptMessages:
    return KeptMessages()


@pytest.fixture
def relay(store: Store, transport: KeptMessages) -> OutboxRelay:
    return a_relay(store, transport)


def a_relay(store: Store, transport: JobTransport, *, over: Database | None = None, route: Any = None) -> OutboxRelay:
    return OutboxRelay(over or store.database, transport, route or route_event, clock=store.clock, ids=Uuid7Ids())


class SlowToBegin(Database):
    """`before` happens before its first transaction begins."""

    def __init__(self, store: Store, before: Callable[[], None]) -> None:
        super().__init__(store.url)
        self._within = store.database
        self._before: Callable[[], None] | None = before

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        async with self._within.read() as connection:
            yield connection

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        if self._before is not None:
            self._before()
            self._before = None
        async with self._within.begin() as connection:
            yield connection


class AwayAtFirst(Database):
    def __init__(self, store: Store) -> None:
        super().__init__(store.url)
        self._within = store.database
        self._is_away = True

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        if self._is_away:
            self._is_away = False
            raise DatabaseUnavailable
        async with self._within.read() as connection:
            yield connection

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        async with self._within.begin() as connection:
            yield connection


async def enqueue(
    store: Store, kind: str = "tests.run", *, queue: str = "default", starts_in: timedelta = timedelta()
) -> UUID:
    async with store.unit_of_work() as uow:
        job_id = await uow.jobs.enqueue(kind, {}, queue=queue, run_at=store.clock.now() + starts_in)
    assert job_id is not None
    return job_id


async def cancel_some_bookings(store: Store, count: int) -> None:
    """Leaves `count` requests and as many cancellations in the outbox."""
    await store.people()
    for at in range(count):
        booking = store.a_booking()
        await store.add(booking)
        async with store.unit_of_work() as uow:
            read = await uow.bookings.get(booking.id, for_update=True)
            read.cancel(by=CAREGIVER, at=NOW, reason=f"number {at}")
            await uow.bookings.save(read)


async def row_of(store: Store, job_id: UUID) -> dict[str, Any]:
    return next(row for row in await store.rows(jobs) if row["id"] == job_id)


async def pump_dry(relay: OutboxRelay) -> None:
    while await relay.pump():
        pass


async def test_an_event_becomes_a_job_for_each_of_its_routes(
    peopled: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    booking_id = await peopled.book(instant_book=True)
    await pump_dry(relay)
    rows = await peopled.rows(jobs)
    expected = [*EVENT_ROUTES["BookingRequested"], *EVENT_ROUTES["BookingAccepted"]]
    assert Counter(row["payload"]["mail"] for row in rows) == Counter(route.payload["mail"] for route in expected)
    assert {row["payload"]["booking_id"] for row in rows} == {str(booking_id)}
    assert {row["queue"] for row in rows} == {"mail"}
    assert sorted(transport.ids) == sorted(row["id"] for row in rows)
    assert all(row["routed_at"] == NOW for row in await peopled.rows(outbox_events))


async def test_an_event_nobody_reacts_to_is_done_with(store: Store, transport: KeptMessages) -> None:
    await cancel_some_bookings(store, 1)
    await pump_dry(a_relay(store, transport, route=lambda *_: ()))
    assert await store.rows(jobs) == []
    assert transport.sent == []
    assert all(row["routed_at"] is not None for row in await store.rows(outbox_events))


async def test_the_correlation_of_the_cause_reaches_the_job(peopled: Store, relay: OutboxRelay) -> None:
    token = correlation_id.set("request-1")
    await peopled.book()
    correlation_id.reset(token)
    await pump_dry(relay)
    assert {row["correlation_id"] for row in await peopled.rows(jobs)} == {"request-1"}


async def test_two_relays_side_by_side_make_each_job_once_and_send_it_once(store: Store) -> None:
    await cancel_some_bookings(store, 60)
    databases = [Database(store.url) for _ in range(2)]
    kept = [KeptMessages() for _ in databases]
    relays = [a_relay(store, messages, over=database) for messages, database in zip(kept, databases, strict=True)]
    await asyncio.gather(*(pump_dry(relay) for relay in relays for _ in range(3)))
    await pump_dry(relays[0])
    for database in databases:
        await database.dispose()
    rows = await store.rows(jobs)
    # One for each request, and one each for owner and caregiver of each cancellation.
    assert Counter(row["payload"]["mail"] for row in rows) == {"booking_requested": 60, "booking_cancelled": 120}
    assert sorted(job_id for messages in kept for job_id in messages.ids) == sorted(row["id"] for row in rows)


async def test_a_relay_passes_over_what_another_has_in_hand(postgres_store: Store, transport: KeptMessages) -> None:
    store = postgres_store
    await cancel_some_bookings(store, 2)
    ready = [await enqueue(store) for _ in range(4)]
    in_hand = (await store.rows(outbox_events))[0]["id"]
    async with store.database.begin() as other:
        await other.execute(select(jobs).where(jobs.c.id.in_(ready[:2])).with_for_update())
        await other.execute(select(outbox_events).where(outbox_events.c.id == in_hand).with_for_update())
        async with asyncio.timeout(60):
            await a_relay(store, transport).pump()
        # What the other relay reads it will send: nothing of it is taken, and nobody waits for it.
        assert set(ready[2:]) <= set(transport.ids)
        assert not set(ready[:2]) & set(transport.ids)
        assert [row["id"] for row in await store.rows(outbox_events) if row["routed_at"] is None] == [in_hand]
    await pump_dry(a_relay(store, transport))
    assert set(ready) <= set(transport.ids)
    assert len(transport.ids) == len(set(transport.ids))


async def test_a_job_is_sent_once_it_is_due(store: Store, relay: OutboxRelay, transport: KeptMessages) -> None:
    now, later = await enqueue(store), await enqueue(store, starts_in=timedelta(minutes=5))
    await pump_dry(relay)
    assert transport.ids == [now]
    store.clock.advance(timedelta(minutes=5) - MOMENT)
    # The first one was lost on its way and goes again; the second is still not due.
    await pump_dry(relay)
    assert transport.ids == [now, now]
    store.clock.advance(MOMENT)
    await pump_dry(relay)
    assert transport.ids == [now, now, later]


async def test_a_message_nobody_claimed_is_sent_again_after_a_while(
    store: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    job_id = await enqueue(store)
    await pump_dry(relay)
    store.clock.advance(LOST_AFTER)
    await pump_dry(relay)
    assert transport.ids == [job_id]
    store.clock.advance(MOMENT)
    await pump_dry(relay)
    assert transport.ids == [job_id, job_id]


async def test_a_job_that_was_claimed_is_not_sent_again(
    store: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    records = SqlJobRecords(store.database, clock=store.clock, ids=store.ids)
    job_id = await enqueue(store)
    await pump_dry(relay)
    job = await records.claim(job_id)
    assert job is not None
    for _ in range(int(LOST_AFTER.total_seconds()) // LEASE_SECONDS + 2):
        store.clock.advance(timedelta(seconds=LEASE_SECONDS))
        assert await records.renew(job) is Lease.HELD
        await pump_dry(relay)
    await records.succeed(job)
    store.clock.advance(LOST_AFTER * 2)
    await pump_dry(relay)
    assert transport.ids == [job_id]


async def test_a_job_that_was_put_off_goes_again_at_its_hour(
    store: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    records = SqlJobRecords(store.database, clock=store.clock, ids=store.ids)
    job_id = await enqueue(store)
    await pump_dry(relay)
    job = await records.claim(job_id)
    assert job is not None
    await records.retry(job, error="once", run_at=NOW + timedelta(seconds=4))
    await pump_dry(relay)
    assert transport.ids == [job_id]
    store.clock.advance(timedelta(seconds=4))
    await pump_dry(relay)
    assert transport.ids == [job_id, job_id]


async def test_a_transport_that_is_away_gives_the_jobs_back(
    store: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    expected = sorted([await enqueue(store) for _ in range(5)])
    transport.away = True
    for _ in range(2):
        with pytest.raises(TransportUnavailable):
            await relay.pump()
        assert {row["dispatched_at"] for row in await store.rows(jobs)} == {None}
    transport.away = False
    await pump_dry(relay)
    assert sorted(transport.ids) == expected


async def test_what_arrived_before_the_transport_broke_is_at_worst_sent_twice(
    store: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    expected = {await enqueue(store) for _ in range(5)}
    transport.away, transport.arrive = True, 2
    with pytest.raises(TransportUnavailable):
        await relay.pump()
    transport.away = False
    await pump_dry(relay)
    assert set(transport.ids) == expected
    assert len(transport.ids) == 7


async def test_events_become_jobs_although_the_transport_is_away(
    peopled: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    await peopled.book()
    transport.away = True
    for _ in range(3):
        with pytest.raises(TransportUnavailable):
            await relay.pump()
    assert len(await peopled.rows(jobs)) == 1


async def test_an_orphan_is_taken_up_again_and_its_old_holder_writes_nothing(
    store: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    records = SqlJobRecords(store.database, clock=store.clock, ids=store.ids)
    job_id = await enqueue(store)
    await pump_dry(relay)
    dead = await records.claim(job_id)
    assert dead is not None
    store.clock.advance(timedelta(seconds=LEASE_SECONDS))
    await pump_dry(relay)
    assert transport.ids == [job_id]
    store.clock.advance(MOMENT)
    await pump_dry(relay)
    assert transport.ids == [job_id, job_id]
    waiting = await row_of(store, job_id)
    assert (waiting["status"], waiting["attempts"], waiting["lease_id"]) == (JobStatus.RETRYING, 1, None)
    assert not await records.succeed(dead)
    await records.bury(dead, error="late")
    assert await records.renew(dead) is Lease.LOST
    assert await row_of(store, job_id) == waiting
    again = await records.claim(job_id)
    assert again is not None
    assert again.attempts == 2


async def test_after_an_outage_the_living_write_before_their_jobs_are_taken_up(
    store: Store, transport: KeptMessages
) -> None:
    records = SqlJobRecords(store.database, clock=store.clock, ids=store.ids)
    relay = a_relay(store, transport, over=AwayAtFirst(store))
    job = await records.claim(await enqueue(store))
    assert job is not None
    with pytest.raises(DatabaseUnavailable):
        await relay.pump()
    store.clock.advance(timedelta(seconds=LEASE_SECONDS) + MOMENT)
    await pump_dry(relay)
    assert (await row_of(store, job.id))["status"] == JobStatus.RUNNING
    assert await records.succeed(job)


@pytest.mark.parametrize("with_event", [True, False])
async def test_whoever_was_alive_is_left_alone_when_the_database_falls_silent_during_a_round(
    store: Store, transport: KeptMessages, monkeypatch: pytest.MonkeyPatch, *, with_event: bool
) -> None:
    passed = [0.0]
    monkeypatch.setattr("infrastructure.job_queue.outbox_relay.Holders", lambda: Holders(lambda: passed[0]))
    records = SqlJobRecords(store.database, clock=store.clock, ids=store.ids)
    await records.claim(await enqueue(store))
    store.clock.advance(timedelta(seconds=LEASE_SECONDS) + MOMENT)
    living = await records.claim(await enqueue(store))
    assert living is not None
    if with_event:
        await cancel_some_bookings(store, 1)

    def fall_silent() -> None:
        passed[0] += 20
        store.clock.advance(timedelta(seconds=20))

    await a_relay(store, transport, over=SlowToBegin(store, fall_silent)).pump()
    assert (await row_of(store, living.id))["status"] == JobStatus.RUNNING


async def test_whoever_was_alive_is_left_alone_when_the_database_falls_silent_while_jobs_are_sent(
    store: Store, transport: KeptMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = [0.0]
    monkeypatch.setattr("infrastructure.job_queue.outbox_relay.Holders", lambda: Holders(lambda: passed[0]))
    records = SqlJobRecords(store.database, clock=store.clock, ids=store.ids)
    living = await records.claim(await enqueue(store))
    assert living is not None
    due = await enqueue(store)

    def fall_silent() -> None:
        passed[0] += 20
        store.clock.advance(timedelta(seconds=20))

    relay = a_relay(store, transport, over=SlowToBegin(store, fall_silent))
    await relay.pump()
    assert transport.ids == [due]
    await relay.pump()
    assert (await row_of(store, living.id))["status"] == JobStatus.RUNNING
    passed[0] += SAY_SECONDS
    await relay.pump()
    assert (await row_of(store, living.id))["status"] == JobStatus.RETRYING


@pytest.mark.parametrize("statement", ["look", "dispatch"])
async def test_what_every_process_asks_each_second_never_reads_all_jobs(postgres_store: Store, statement: str) -> None:
    """Whatever plan PostgreSQL has chosen to keep."""
    many = text(
        "INSERT INTO jobs (id, kind, payload, payload_version, queue, status, attempts, crashes, progress,"
        " created_at, run_at)"
        " SELECT gen_random_uuid(), 'tests.run', '{}', 1, 'mail', 'succeeded', 1, 0, 1, now(), now()"
        " FROM generate_series(1, 20000)"
    )
    async with postgres_store.database.begin() as connection:
        await connection.execute(many)
        await connection.execute(text("ANALYZE jobs"))
    given = {"now": NOW, "lost": NOW - LOST_AFTER} | {room_for(queue): BATCH for queue in QUEUES}
    async with postgres_store.database.begin() as connection:
        scans = text("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'jobs'")
        before = (await connection.execute(scans)).scalar_one()
        await connection.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        await connection.execute(getattr(statements_for(postgres_store.database), statement), given)
        assert (await connection.execute(scans)).scalar_one() == before


async def test_money_goes_before_mails_and_reports(store: Store, relay: OutboxRelay, transport: KeptMessages) -> None:
    for queue in ("reports", "default", "mail", "money") * 2:
        await enqueue(store, queue=queue)
    await pump_dry(relay)
    assert [job.queue for job in transport.sent] == [queue for queue in QUEUES for _ in range(2)]


async def test_more_than_a_batch_is_moved_in_several_rounds(
    store: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    async with store.unit_of_work() as uow:
        for _ in range(BATCH + 7):
            await uow.jobs.enqueue("tests.run", {})
    assert [await relay.pump() for _ in range(3)] == [BATCH, 7, 0]
    assert len(set(transport.ids)) == BATCH + 7


async def test_an_event_that_cannot_be_routed_waits_and_holds_up_no_other(
    store: Store, transport: KeptMessages
) -> None:
    """As one may be that another release wrote."""
    await cancel_some_bookings(store, 2)
    first = (await store.rows(outbox_events))[0]["id"]

    def strict(name: str, aggregate_id: UUID, facts: EventFacts) -> Sequence[RoutedJob]:
        if name == "BookingRequested":
            raise KeyError("a fact this release knows and that one did not write")
        return route_event(name, aggregate_id, facts)

    relay = a_relay(store, transport, route=strict)
    await relay.pump()
    await relay.pump()
    assert Counter(row["payload"]["mail"] for row in await store.rows(jobs)) == {"booking_cancelled": 4}
    waiting = [row["id"] for row in await store.rows(outbox_events) if row["routed_at"] is None]
    assert first in waiting
    assert len(waiting) == 2
    await pump_dry(a_relay(store, transport))
    assert Counter(row["payload"]["mail"] for row in await store.rows(jobs))["booking_requested"] == 2


async def test_a_whole_batch_that_cannot_be_routed_is_looked_at_once_and_passed_over(
    store: Store, transport: KeptMessages
) -> None:
    met: Counter[str] = Counter()

    def strict(name: str, _aggregate_id: UUID, _facts: EventFacts) -> Sequence[RoutedJob]:
        met[name] += 1
        if name == "Odd":
            raise KeyError(name)
        return [RoutedJob(name="one", kind="tests.run", payload={}, queue="default")]

    names = ["Odd"] * BATCH + ["Good"]
    rows = [
        {"id": store.ids.new(), "name": name, "aggregate_id": store.ids.new(), "facts": {}, "occurred_at": NOW}
        for name in names
    ]
    async with store.database.begin() as connection:
        await connection.execute(outbox_events.insert(), rows)
    relay = a_relay(store, transport, route=strict)
    for _ in range(3):
        await relay.pump()
    assert met == {"Odd": BATCH, "Good": 1}
    assert [row["kind"] for row in await store.rows(jobs)] == ["tests.run"]


@asynccontextmanager
async def running(relay: OutboxRelay) -> AsyncIterator[None]:
    task = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled(), "the relay works until it is cancelled"


async def test_a_running_relay_moves_what_is_committed(
    store: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    async with running(relay):
        first = await enqueue(store)
        relay.wake()
        await until(lambda: transport.ids == [first])
        # Without a wake-up the poll finds it.
        second = await enqueue(store)
        await until(lambda: transport.ids == [first, second])


async def test_what_another_process_has_committed_is_left_to_it_for_a_moment(
    store: Store, relay: OutboxRelay, transport: KeptMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.job_queue.outbox_relay.POLL_SECONDS", 600.0)
    monkeypatch.setattr("infrastructure.job_queue.outbox_relay.OTHERS_SECONDS", 600.0)
    first = await enqueue(store)
    async with running(relay):
        await until(lambda: transport.ids == [first])
        second = await enqueue(store)
        relay.wake_later()
        await asyncio.sleep(0.1)
        assert transport.ids == [first]
        relay.wake()
        await until(lambda: transport.ids == [first, second])


async def test_what_another_process_has_committed_and_left_is_moved_soon(
    store: Store, relay: OutboxRelay, transport: KeptMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.job_queue.outbox_relay.POLL_SECONDS", 600.0)
    moved = [await enqueue(store)]
    async with running(relay):
        await until(lambda: transport.ids == moved)
        for _ in range(2):
            moved.append(await enqueue(store))
            relay.wake_later()
            relay.wake_later()
            await until(lambda: transport.ids == moved)


async def test_a_running_relay_outlives_a_transport_that_was_away(
    store: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    transport.away = True
    job_id = await enqueue(store)
    async with running(relay):
        await until(lambda: transport.attempts >= 1)
        transport.away = False
        await until(lambda: transport.ids == [job_id])


async def test_a_running_relay_outlives_what_nobody_foresaw(store: Store) -> None:
    class Odd(KeptMessages):
        async def send(self, due: Sequence[DueJob]) -> None:
            await super().send(due)
            if self.attempts == 1:
                raise ZeroDivisionError("a mistake of ours")

    transport = Odd()
    await enqueue(store)
    async with running(a_relay(store, transport)):
        await until(lambda: transport.attempts >= 1)
        later = await enqueue(store)
        await until(lambda: later in transport.ids)


class SometimesAway(Database):
    """Cannot be reached as long as it is told so."""

    away = True
    asked = 0

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        self.asked += 1
        if self.away:
            raise DatabaseUnavailable
        async with super().read() as connection:
            yield connection


async def test_a_running_relay_outlives_a_database_that_was_away(store: Store, transport: KeptMessages) -> None:
    database = SometimesAway(store.url)
    job_id = await enqueue(store)
    async with running(a_relay(store, transport, over=database)):
        await until(lambda: database.asked >= 1)
        assert transport.sent == []
        database.away = False
        await until(lambda: transport.ids == [job_id])
    await database.dispose()


async def test_a_paused_queue_sends_nothing_and_everything_again_when_it_is_resumed(
    store: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    """Also what was on its way already: its message finds nothing to claim."""
    sent_before, other = await enqueue(store, queue="mail"), await enqueue(store, queue="money")
    await relay.pump()
    async with store.unit_of_work() as uow:
        await uow.jobs.pause(QueueName.MAIL)
    came_later = await enqueue(store, queue="mail")
    store.clock.advance(LOST_AFTER + MOMENT)
    await relay.pump()
    assert transport.ids.count(sent_before) == 1
    assert transport.ids.count(other) == 2
    assert came_later not in transport.ids

    store.wakes.clear()
    async with store.unit_of_work() as uow:
        await uow.jobs.resume(QueueName.MAIL)
    assert store.wakes
    await relay.pump()
    assert transport.ids.count(sent_before) == 2
    assert transport.ids.count(came_later) == 1


async def test_a_relay_has_nothing_to_do_while_all_that_waits_is_paused(
    store: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    await enqueue(store, queue="mail")
    async with store.unit_of_work() as uow:
        await uow.jobs.pause(QueueName.MAIL)
    assert await relay.pump() == 0
    assert transport.attempts == 0


async def test_notices_of_alerts_are_sent_although_their_queue_is_paused(
    store: Store, relay: OutboxRelay, transport: KeptMessages
) -> None:
    await enqueue(store, queue="money")
    notice = await enqueue(store, "alerts.notify", queue="money")
    async with store.unit_of_work() as uow:
        await uow.jobs.pause(QueueName.MONEY)
    await relay.pump()
    assert transport.ids == [notice]
