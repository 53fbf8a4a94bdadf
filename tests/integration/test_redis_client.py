"""What the client does with a Redis that is slow, away or busy."""

import asyncio
from typing import cast

import pytest
import uvloop
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from infrastructure.redis.redis_client import create_redis
from tests.support.polling import until_awaited
from tests.support.servers import RedisProcess

GENEROUS_SECONDS = 30
# Longer than a busy machine stands still: what is away, or has broken, is noticed at once nevertheless.
PATIENT_SECONDS = 20


async def test_more_callers_than_connections_are_served_in_turn(redis_server: str) -> None:
    async with create_redis(redis_server, max_connections=2, timeout_seconds=PATIENT_SECONDS) as client:
        answers = await asyncio.gather(*(client.echo(f"{number}") for number in range(200)))
        assert answers == [b"%d" % number for number in range(200)]


async def _answers(client: Redis) -> bool:
    try:
        return bool(await client.ping())
    except RedisError:
        return False


async def test_a_frozen_redis_is_an_error_soon(redis_process: RedisProcess) -> None:
    async with create_redis(redis_process.url) as client:
        await until_awaited(lambda: _answers(client))
        redis_process.pause()
        async with asyncio.timeout(GENEROUS_SECONDS):
            with pytest.raises(RedisError):
                await client.ping()
        redis_process.resume()


async def test_a_redis_that_is_away_is_an_error_soon_and_is_found_again(redis_process: RedisProcess) -> None:
    async with create_redis(redis_process.url, timeout_seconds=PATIENT_SECONDS) as client:
        await client.ping()
        redis_process.stop()
        async with asyncio.timeout(GENEROUS_SECONDS):
            with pytest.raises(RedisError):
                await client.ping()
        redis_process.start()
        assert await client.ping()


async def test_failed_and_cancelled_calls_give_their_connection_back(redis_process: RedisProcess) -> None:
    async with create_redis(redis_process.url, max_connections=1, timeout_seconds=PATIENT_SECONDS) as client:
        redis_process.pause()
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await client.ping()
        redis_process.stop()
        with pytest.raises(RedisError):
            await client.ping()
        redis_process.start()
        assert await client.ping()
        assert await client.ping()


def test_a_connection_that_broke_unseen_is_an_error_of_redis_under_uvloop_too(redis_server: str) -> None:
    async def write_on_a_broken_connection() -> None:
        async with create_redis(redis_server, timeout_seconds=PATIENT_SECONDS) as client:
            connection = await client.connection_pool.get_connection()
            cast("asyncio.StreamWriter", connection._writer).transport.abort()  # pyright: ignore[reportPrivateUsage]
            with pytest.raises(RedisConnectionError):
                await connection.send_command("PING")
            await client.connection_pool.release(connection)
            assert await client.ping()

    # What the API runs on; other event loops answer with an error that redis-py translates itself.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(write_on_a_broken_connection())


async def test_a_command_can_be_cancelled_at_any_moment(redis_server: str) -> None:
    async with create_redis(redis_server, timeout_seconds=PATIENT_SECONDS, retries=0) as client:
        await client.ping()
        for turns in range(60):
            asking = asyncio.create_task(client.execute_command("PING"))
            for _ in range(turns % 20):
                await asyncio.sleep(0)
            if asking.cancel():
                with pytest.raises(asyncio.CancelledError):
                    await asking
            assert await client.echo(str(turns)) == str(turns).encode()
