"""The promises of remembering that the database is away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

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
