"""The promises of remembering that the database is away."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from application.ports.outage_record import OutageRecord
from infrastructure.alerts.outage_records import InMemoryOutageRecord, RedisOutageRecord
from infrastructure.redis.redis_client import create_redis
from tests.support.builders import NOW


@pytest.fixture(params=["in memory", "redis", "redis away"])
async def record(request: pytest.FixtureRequest) -> AsyncIterator[OutageRecord]:
    if request.param == "in memory":
        yield InMemoryOutageRecord()
        return
    is_away = request.param == "redis away"
    url = "redis://127.0.0.1:1" if is_away else request.getfixturevalue("redis_server")
    redis = create_redis(url, timeout_seconds=5, retries=0)
    yield RedisOutageRecord(redis, key=str(uuid4()))
    await redis.aclose()


async def test_one_begins_and_one_ends_an_outage(record: OutageRecord) -> None:
    assert await record.end() is None
    begun = [await record.begin(NOW + timedelta(seconds=number)) for number in range(3)]
    assert begun == [True, False, False]
    assert [await record.present(), await record.present()] == [NOW, NOW]
    assert [await record.end(), await record.end()] == [NOW, None]
    assert await record.begin(NOW + timedelta(minutes=1))


async def test_of_all_processes_one_tells(redis_server: str) -> None:
    clients = [create_redis(redis_server, timeout_seconds=5) for _ in range(4)]
    key = str(uuid4())
    records = [RedisOutageRecord(client, key=key) for client in clients]
    assert sum(await asyncio.gather(*(record.begin(NOW) for record in records))) == 1
    assert sorted(map(str, await asyncio.gather(*(record.end() for record in records)))) == sorted(
        ["None", "None", "None", str(NOW)]
    )
    for client in clients:
        await client.aclose()


async def test_it_is_reminded_of_once_each_time_until_its_end_is_told(record: OutageRecord) -> None:
    assert not await record.remind(1)
    await record.begin(NOW)
    assert [await record.remind(number) for number in (1, 1, 2, 1, 2)] == [True, False, True, False, False]
    await record.end()
    assert not await record.remind(3)


async def test_the_next_outage_is_another_for_whoever_has_recovered(record: OutageRecord) -> None:
    """Its end is told by whoever watches, and that may be somebody else."""
    assert await record.begin(NOW)
    await record.recovered()
    await record.end()
    assert await record.begin(NOW + timedelta(minutes=5))
    assert await record.remind(1)


@dataclass
class Processes:
    """Two, with the same Redis while each of them can reach it."""

    there: Redis
    away: Redis
    key: str = field(default_factory=lambda: str(uuid4()))

    def record(self) -> RedisOutageRecord:
        return RedisOutageRecord(self.there, key=self.key)

    def cut_off(self, record: RedisOutageRecord) -> None:
        record.redis = self.away

    def join(self, record: RedisOutageRecord) -> None:
        record.redis = self.there


@pytest.fixture
async def processes(redis_server: str) -> AsyncIterator[Processes]:
    there, away = create_redis(redis_server, timeout_seconds=5), create_redis("redis://127.0.0.1:1", retries=0)
    yield Processes(there, away)
    for client in (there, away):
        await client.aclose()


async def test_whoever_heard_that_it_was_told_does_not_tell_it_when_redis_goes_away_as_well(
    processes: Processes,
) -> None:
    one, other = processes.record(), processes.record()
    assert await one.begin(NOW)
    assert not await other.begin(NOW + timedelta(seconds=2))
    for record in (one, other):
        processes.cut_off(record)
        assert not await record.begin(NOW + timedelta(seconds=5))


async def test_of_what_was_told_without_redis_the_others_learn_afterwards_and_one_tells_its_end(
    processes: Processes,
) -> None:
    one, leader = processes.record(), processes.record()
    processes.cut_off(one)
    assert await one.begin(NOW)
    processes.join(one)
    await one.recovered()
    assert await leader.present() == NOW
    assert [await leader.end(), await one.end(), await leader.present()] == [NOW, None, None]


async def test_whoever_told_it_alone_mutes_no_later_outage(processes: Processes) -> None:
    one = processes.record()
    processes.cut_off(one)
    assert await one.begin(NOW)
    await one.recovered()
    assert await one.present() is None
    assert await one.begin(NOW + timedelta(hours=1))


async def test_of_all_processes_one_reminds(processes: Processes) -> None:
    records = [processes.record() for _ in range(4)]
    for record in records:
        await record.begin(NOW)
    for number in (1, 2):
        assert sum(await asyncio.gather(*(record.remind(number) for record in records))) == 1
